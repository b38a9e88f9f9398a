import { describe, expect, test } from 'vitest'
import type { Rule } from '../../../../core/rules/document.ts'
import { MICROS_PER_SECOND, micros } from '../../../../core/time.ts'
import { brief, control, NOON, row, rule, run, traded, type Row } from './rig.ts'

/** Fires while the price is above 100; of a warm-up of 60 s: the window and a pane. */
const warm = (more: Partial<Rule> = {}): Rule =>
  rule({
    id: 'r',
    let: { n: { agg: 'count', over: { sliding: '59s' } } },
    when: 'price > 100 && n > 0',
    release: { when: 'price < 99' },
    ...more,
  })
const seconds = (from: number, to: number, price = 101): readonly Row[] =>
  Array.from({ length: to - from }, (_, index) => traded(from + index, { price }))
const told = (rows: readonly Row[], more: Parameters<typeof run>[1] = {}): readonly string[] =>
  run(rows, more).matches.map((match) => `${match.ruleVersion}${match.shadow ? ' shadow' : ''} ${brief(match)}`)
const found = (rows: readonly Row[], more: Parameters<typeof run>[1] = {}): readonly unknown[] =>
  run(rows, more).outputs.flatMap((output) => {
    if (output.kind !== 'finding') return []
    const { kind, at, details } = output.finding
    return [[kind, (at - NOON) / MICROS_PER_SECOND, details]]
  })

describe('a rule without a version before it', () => {
  test('listens in silence for its warm-up, then speaks', () =>
    expect(told([control(10, [warm()]), ...seconds(11, 90)])).toEqual(['1 FIRED 70']))

  test('speaks at once if nothing it knows is older than the record', () =>
    expect(told([control(10, [rule({ id: 'r', when: 'price > 100' })]), ...seconds(11, 20)])).toEqual(['1 FIRED 11']))

  test('speaks at once with empty windows if it resets', () =>
    expect(told([control(10, [warm({ onUpdate: 'reset' })]), ...seconds(11, 20)])).toEqual(['1 FIRED 11']))

  test('warms up from where T begins, if the record comes before', () => {
    const early = control(0, [warm()], { now: micros(0) })
    expect(told([early, ...seconds(11, 90)])).toEqual(['1 FIRED 71'])
  })
})

describe('a version that takes the place of another', () => {
  const change = (more: Partial<Rule>): readonly Row[] => [
    control(0, [warm()]),
    ...seconds(1, 100),
    control(100, [warm({ version: 2, ...more })]),
    ...seconds(101, 200),
  ]

  test('warm: the old one speaks until the new one has warmed up, which begins idle', () =>
    expect(told(change({}))).toEqual(['1 FIRED 60', '1 RESOLVED(rule) 160', '2 FIRED 160']))

  test('warm: the old one goes on firing and resolving meanwhile', () =>
    expect(
      told([
        control(0, [warm()]),
        ...seconds(1, 100),
        control(100, [warm({ version: 2 })]),
        ...seconds(101, 110, 98),
        ...seconds(110, 170),
      ]),
    ).toEqual(['1 FIRED 60', '1 RESOLVED(release) 101', '1 FIRED 110', '1 RESOLVED(rule) 160', '2 FIRED 160']))

  test('keep: what fires goes on firing', () =>
    expect(told([...change({ onUpdate: 'keep', severity: 'critical' }), ...seconds(201, 210, 98)])).toEqual([
      '1 FIRED 60',
      '2 RESOLVED(release) 201',
    ]))

  test('keep: what is pending stays so, though no record of its key came since', () =>
    expect(
      told([
        control(0, [warm({ hold: '5m' })]),
        ...seconds(1, 100),
        control(100, [warm({ hold: '5m', version: 2, onUpdate: 'keep' })]),
        row(500),
      ]),
    ).toEqual(['2 FIRED 360']))

  test('keep is warm if it asks something else', () =>
    expect(told(change({ onUpdate: 'keep', when: 'price > 100.5 && n > 0' }))).toEqual([
      '1 FIRED 60',
      '1 RESOLVED(rule) 160',
      '2 FIRED 160',
    ]))

  test('reset: it speaks at once, of what came since', () =>
    expect(told(change({ onUpdate: 'reset', when: 'price > 100 && n > 5' }))).toEqual([
      '1 FIRED 60',
      '1 RESOLVED(rule) 100',
      '2 FIRED 106',
    ]))

  test('is forgotten if the set goes back while it warms up', () =>
    expect(
      told([
        control(0, [warm()]),
        ...seconds(1, 100),
        control(100, [warm({ version: 2 })]),
        ...seconds(101, 130),
        control(130, [warm()]),
        ...seconds(131, 300),
      ]),
    ).toEqual(['1 FIRED 60']))

  test('two changes in one warm-up: the last one takes over, after its own', () =>
    expect(
      told([
        control(0, [warm()]),
        ...seconds(1, 100),
        control(100, [warm({ version: 2 })]),
        ...seconds(101, 130),
        control(130, [warm({ version: 3 })]),
        ...seconds(131, 300),
      ]),
    ).toEqual(['1 FIRED 60', '1 RESOLVED(rule) 190', '3 FIRED 190']))

  test('other rules go on as if nothing had been', () => {
    const other = rule({
      id: 'other',
      when: 'price > 100',
      hold: '2s',
      release: { after: '1s' },
      cooldown: { for: '30s' },
    })
    const prices = [...seconds(1, 100), ...seconds(100, 120, 98), ...seconds(120, 200)]
    const undisturbed = told([control(0, [other]), ...prices])
    const disturbed = run([
      control(0, [other, warm()]),
      ...prices.slice(0, 70),
      control(70, [other, warm({ version: 2 })]),
      ...prices.slice(70, 140),
      control(140, [other]),
      ...prices.slice(140),
    ])
    const mine = disturbed.matches.filter(({ ruleId }) => ruleId === 'other')
    expect(mine.map((match) => `${match.ruleVersion} ${brief(match)}`)).toEqual(undisturbed)
  })
})

describe('a rule that is gone', () => {
  const before = [control(0, [warm()]), ...seconds(1, 100)]

  test.each([
    ['removed', []],
    ['disabled', [warm({ enabled: false })]],
    ['of another scope', [warm({ scope: 'exchange', by: ['exchange'] })]],
  ])('%s: its firings end at the record', (_name, rules) =>
    expect(told([...before, control(100, rules), ...seconds(101, 200)])).toEqual([
      '1 FIRED 60',
      '1 RESOLVED(rule) 100',
    ]),
  )

  test('one that writes no RESOLVED ends in silence', () =>
    expect(
      told([
        control(0, [rule({ id: 'r', when: 'price > 100' })]),
        ...seconds(1, 10),
        control(10, []),
        ...seconds(11, 20),
      ]),
    ).toEqual(['1 FIRED 1']))

  test('and comes back: it warms up anew', () =>
    expect(told([...before, control(100, []), control(101, [warm()]), ...seconds(102, 200)])).toEqual([
      '1 FIRED 60',
      '1 RESOLVED(rule) 100',
      '1 FIRED 161',
    ]))
})

describe('a shadow', () => {
  test('writes beside the version that speaks, without alerts and unseen by rules that read matches', () => {
    const loud = { emit: { type: 'LOUD', alert: true } }
    const { matches, outputs } = run([
      control(
        0,
        [
          rule({ id: 'r', when: 'price > 100', ...loud }),
          rule({ id: 's', on: 'match', by: ['base'], when: "type == 'LOUD'", edge: 'every' }),
        ],
        { shadow: [rule({ id: 'r', version: 2, when: 'price > 101', ...loud })] },
      ),
      traded(1, { price: 101 }),
      traded(2, { price: 102 }),
    ])
    expect(matches.map(({ ruleId, ruleVersion, shadow }) => [ruleId, ruleVersion, shadow])).toEqual([
      ['r', 1, false],
      ['s', 1, false],
      ['r', 2, true],
    ])
    expect(outputs.flatMap((output) => (output.kind === 'alert' ? [output.alert.ruleVersion] : []))).toEqual([1])
  })

  test('warms up to speak like any other version', () => {
    const next = warm({ version: 2, when: 'price > 100 && n > 1' })
    expect(
      told([control(0, [warm()], { shadow: [next] }), ...seconds(1, 100), control(100, [next]), ...seconds(101, 200)]),
    ).toEqual(['1 FIRED 60', '2 shadow FIRED 60', '2 shadow RESOLVED(rule) 100', '1 RESOLVED(rule) 160', '2 FIRED 160'])
  })
})

describe('the log of sets', () => {
  const r = rule({ id: 'r', when: 'price > 100', edge: 'every' })
  const other = rule({ id: 'r', version: 2, when: 'price > 200', edge: 'every' })

  test('tells of the set in force and of each take-over, once', () => {
    const first = control(0, [warm()], { epoch: 5 })
    const hash = first.control?.hash
    expect(found([first, ...seconds(1, 30), control(30, [warm()], { epoch: 5 }), ...seconds(31, 90)])).toEqual([
      ['RULES_IN_FORCE', 0, { documentId: 'rules', epoch: '5', hash }],
      ['RULE_ACTIVE', 60, { ruleId: 'r', version: '1', shadow: 'false' }],
    ])
  })

  test('matches bear the hash of the set in force', () => {
    const sets = [control(0, [r]), control(2, [r, rule({ id: 's', when: 'price > 500' })])] as const
    const rows = [sets[0], traded(1, { price: 101 }), sets[1], traded(3, { price: 101 })]
    expect(run(rows).matches.map(({ ruleSetHash }) => ruleSetHash)).toEqual(sets.map((one) => one.control?.hash))
  })

  test('a lower epoch is ignored, the same with other content is refused; both leave what is in force', () => {
    const rows = [
      control(0, [r], { epoch: 5 }),
      control(1, [other], { epoch: 4 }),
      control(2, [other], { epoch: 5 }),
      traded(3, { price: 101 }),
    ]
    expect(told(rows, { mayRefuse: true })).toEqual(['1 FIRED 3'])
    expect(found(rows, { mayRefuse: true }).slice(2)).toEqual([
      ['CONTROL_REFUSED', 2, { documentId: 'rules', epoch: '5' }],
    ])
  })

  test('a rule that does not compile is left out and told at each repeat; the others stand', () => {
    const rows = [
      control(0, [r, rule({ id: 'wrong', when: 'pric > 1' })], { epoch: 7 }),
      traded(1, { price: 101 }),
      control(600, [r, rule({ id: 'wrong', when: 'pric > 1' })], { epoch: 7 }),
      traded(601, { price: 101 }),
    ]
    expect(told(rows, { mayRefuse: true })).toEqual(['1 FIRED 1', '1 FIRED 601'])
    const refused = found(rows, { mayRefuse: true }).filter((one) => JSON.stringify(one).includes('REFUSED'))
    expect(refused).toEqual([0, 600].map((at) => ['CONTROL_REFUSED', at, expect.objectContaining({ epoch: '7' })]))
    expect(JSON.stringify(refused)).toContain('"/rules/1/when":"E102')
  })

  test('a document that cannot be read leaves no rule', () => {
    const wrong = control(2, [], { epoch: 100_000 })
    const rows = [
      control(0, [warm({ onUpdate: 'reset' })]),
      ...seconds(1, 3),
      { ...wrong, control: wrong.control && { ...wrong.control, document: { rules: 'all' } } },
      ...seconds(4, 10),
    ]
    expect(told(rows, { mayRefuse: true })).toEqual(['1 FIRED 1', '1 RESOLVED(rule) 2'])
  })

  test('documents of others do not concern it', () => {
    const one = control(2, [])
    const rows = [
      control(0, [r]),
      { ...one, control: one.control && { ...one.control, documentId: 'arbitrage' } },
      row(3),
      traded(4, { price: 101 }),
    ]
    expect(told(rows)).toEqual(['1 FIRED 4'])
  })
})
