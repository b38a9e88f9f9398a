import { describe, expect, test } from 'vitest'
import { at, control, row, rule, run, trade, traded, type Row } from './rig.ts'

/** At noon of a day without renewal in sight. */
const rows = (...all: readonly Row[]): readonly Row[] => all

describe('a match', () => {
  const full = rule({
    id: 'r',
    version: 3,
    by: ['exchange', 'symbol'],
    let: { n: { agg: 'count', over: { tumbling: '10s' } }, twice: 'price * 2', none: 'price / 0' },
    when: 'price > 100',
    edge: 'every',
    severity: { cases: [{ if: 'price > 102', then: 'critical' }], else: 'warning' },
    onUpdate: 'reset',
    emit: {
      type: 'HIGH',
      fields: {
        p: 'price',
        none: 'none',
        zero: '-1 * (price - price)',
        side: 'side',
        big: 'price > 101',
        t: 'eventTime',
      },
      evidence: { events: 2, inputs: true },
      alert: true,
      action: { command: 'pause', arguments: { exchange: 'exchange' } },
    },
  })
  const set = control(0, [full])
  const ran = run(
    rows(
      set,
      traded(1, { price: 99, symbol: 'B-USD' }),
      traded(2, { price: 101, symbol: 'A-USD', feed: 'RECORDED' }),
      traded(3, { price: 90, symbol: 'A-USD' }),
      traded(4, { price: 103, symbol: 'A-USD', side: undefined }),
    ),
  )

  test('says whose it is, of what, and what it rests on; absent is null, -0 is 0', () => {
    expect(ran.matches[0]).toEqual({
      ruleId: 'r',
      ruleVersion: 3,
      ruleSetHash: set.control?.hash,
      shadow: false,
      type: 'HIGH',
      phase: 'FIRED',
      reason: undefined,
      severity: 'warning',
      key: { exchange: 'kraken', symbol: 'A-USD' },
      base: 'BTC',
      exchange: 'kraken',
      symbol: 'A-USD',
      at: at(2),
      feed: 'RECORDED',
      fields: { p: 101, none: null, zero: 0, side: 'BUY', big: false, t: at(2) },
      inputs: { n: 0, twice: 202, none: null },
      evidence: [{ stream: 'trade', offset: 2, at: at(2), exchange: 'kraken', symbol: 'A-USD' }],
      suppressed: 0,
    })
    expect(Object.is(ran.matches[0]?.fields['zero'], 0)).toBe(true)
  })

  test('has the severity of the first case that holds, and the last records of its key', () => {
    expect(ran.matches[1]).toMatchObject({ severity: 'critical', fields: { side: null } })
    expect(ran.matches[1]?.evidence.map(({ offset }) => offset)).toEqual([3, 4])
  })

  test('is followed by its alert, with the action filled in', () => {
    expect(ran.outputs.map(({ kind }) => kind)).toEqual(['finding', 'finding', 'match', 'alert', 'match', 'alert'])
    const alert = ran.outputs.flatMap((output) => (output.kind === 'alert' ? [output.alert] : []))[0]
    expect(alert).toEqual({
      source: 'RULE',
      alertKey: 'rule r {"exchange":"kraken","symbol":"A-USD"}',
      phase: 'FIRED',
      reason: undefined,
      resolves: false,
      severity: 'warning',
      type: 'HIGH',
      title: 'r',
      at: at(2),
      feed: 'RECORDED',
      ruleId: 'r',
      ruleVersion: 3,
      key: { exchange: 'kraken', symbol: 'A-USD' },
      exchange: 'kraken',
      symbol: 'A-USD',
      fields: ran.matches[0]?.fields,
      evidence: ran.matches[0]?.evidence,
      suppressed: 0,
      action: { kind: 'command', command: 'pause', arguments: { exchange: 'kraken' } },
    })
  })

  test('of a timer bears its deadline, and what the last record of the key says', () => {
    const held = rule({ id: 'r', when: 'price > 100', hold: '10s', emit: { type: 'X', fields: { p: 'price' } } })
    const { matches } = run(
      rows(
        control(0, [held]),
        traded(1, { price: 101 }),
        traded(5, { price: 102, exchange: 'gate', feed: 'RECORDED' }),
        traded(6, { price: 1, symbol: 'ETH-USDT' }),
        row(30),
      ),
    )
    expect(matches).toMatchObject([{ at: at(11), fields: { p: 102 }, exchange: 'gate', feed: 'RECORDED' }])
  })

  const DOWN = {
    within: '10s',
    steps: [
      { as: 'a', if: 'price > 100' },
      { as: 'b', if: 'price < 99' },
    ],
  }
  test.each<[string, object, boolean]>([
    ['release', { when: 'price > 100', release: { when: 'price < 99' } }, true],
    ['edge change', { when: 'price > 100', edge: 'change' }, true],
    ['edge rise', { when: 'price > 100' }, false],
    ['edge every', { when: 'price > 100', edge: 'every' }, false],
    ['a pattern', { pattern: DOWN, onUpdate: 'reset' }, false],
  ])('its alert says whether a RESOLVED follows: %s', (_, body, resolves) => {
    const loud = rule({ id: 'r', ...body, emit: { type: 'R', alert: true } })
    const { outputs } = run(rows(control(0, [loud]), traded(1, { price: 101 }), traded(2, { price: 90 }), row(20)))
    const alerts = outputs.flatMap((output) => (output.kind === 'alert' ? [output.alert] : []))
    expect(alerts.map(({ phase, reason, resolves: will }) => [phase, reason, will])).toEqual([
      ['FIRED', undefined, resolves],
      ...(resolves ? [['RESOLVED', 'release', true]] : []),
    ])
  })

  test('RESOLVED carries no action, TIMEOUT is no alert', () => {
    const loud = { alert: true, action: { webhook: 'desk' } }
    const { outputs } = run(
      rows(
        control(0, [
          rule({ id: 'r', when: 'price > 100', edge: 'change', emit: { type: 'R', ...loud } }),
          rule({
            id: 't',
            pattern: {
              within: '10s',
              onTimeout: true,
              steps: [
                { as: 'a', if: 'price > 100' },
                { as: 'b', if: 'price > 200' },
              ],
            },
            onUpdate: 'reset',
            emit: { type: 'T', ...loud },
          }),
        ]),
        traded(1, { price: 101 }),
        traded(2, { price: 99 }),
        row(20),
      ),
    )
    const told = outputs.flatMap((output) =>
      output.kind === 'alert'
        ? [`alert ${output.alert.type} ${output.alert.phase} ${output.alert.action?.kind}`]
        : output.kind === 'match'
          ? [`${output.match.type} ${output.match.phase}`]
          : [],
    )
    expect(told).toEqual(['R FIRED', 'alert R FIRED webhook', 'R RESOLVED', 'alert R RESOLVED undefined', 'T TIMEOUT'])
  })
})

describe('order', () => {
  test('rules in the order of their ids; those that read matches after all events of the record', () => {
    const { matches } = run(
      rows(
        control(0, [
          rule({ id: 'a', on: 'match', by: ['base'], when: "type in ['B', 'C']", edge: 'every' }),
          rule({ id: 'b', when: 'price > 100', edge: 'every', by: ['base', 'symbol'] }),
          rule({ id: 'c', when: 'size > 0', edge: 'every' }),
          rule({ id: 'd', on: 'match', by: ['base'], when: "type == 'A'", edge: 'every' }),
        ]),
        row(1, trade(1, { price: 101 }), trade(1, { price: 99 })),
      ),
    )
    expect(matches.map(({ ruleId }) => ruleId)).toEqual(['b', 'c', 'c', 'a', 'a', 'a', 'd', 'd', 'd'])
  })

  test('timers by time, then hold before release, then by rule, then by key', () => {
    const held = { when: 'price > 100', hold: '5s', release: { when: 'price < 50', after: '5s' } }
    const { matches } = run(
      rows(
        control(0, [rule({ id: 'a', ...held }), rule({ id: 'b', ...held, hold: '4s' })]),
        traded(1, { symbol: 'X-USD', price: 101 }),
        traded(1, { symbol: 'A-USD', price: 101 }),
        traded(2, { symbol: 'B-USD', price: 101 }),
        row(60),
      ),
    )
    expect(matches.map(({ ruleId, symbol, at: when }) => `${ruleId} ${symbol} ${(when - at(0)) / 1e6}`)).toEqual([
      'b A-USD 5',
      'b X-USD 5',
      'a A-USD 6',
      'a X-USD 6',
      'b B-USD 6',
      'a B-USD 7',
    ])
  })

  test('renewals by rule, then by key, after timers of the same time', () => {
    const firing = { when: 'price > 100', edge: 'change', renew: '15m' } as const
    const { matches } = run(
      rows(
        control(0, [rule({ id: 'a', ...firing }), rule({ id: 'b', ...firing, hold: '10s' })]),
        traded(1, { symbol: 'X-USD', price: 101 }),
        traded(2, { symbol: 'A-USD', price: 101 }),
        traded(890, { symbol: 'B-USD', price: 101 }),
        row(1000),
      ),
    )
    expect(matches.slice(5).map(({ ruleId, symbol, phase }) => `${ruleId} ${symbol} ${phase}`)).toEqual([
      'b B-USD FIRED',
      'a A-USD RESOLVED',
      'a B-USD RESOLVED',
      'a X-USD RESOLVED',
      'b A-USD RESOLVED',
      'b B-USD RESOLVED',
      'b X-USD RESOLVED',
    ])
  })

  test('timers due at a record run before it, also where it would have changed them', () => {
    const held = rule({ id: 'r', when: 'price > 100', hold: '5s' })
    const { matches } = run(rows(control(0, [held]), traded(1, { price: 101 }), traded(6, { price: 99 })))
    expect(matches.map((match) => match.at)).toEqual([at(6)])
  })
})

describe('keys', () => {
  test('an event without a field of `by` does not concern a rule', () => {
    const { matches } = run(
      rows(
        control(0, [
          rule({ id: 'plain', by: ['base', 'exchange'], when: 'price > 100', edge: 'every' }),
          rule({ id: 'rising', by: ['base', 'exchange'], when: 'price > 100' }),
        ]),
        traded(1, { price: 101, exchange: undefined }),
      ),
    )
    expect(matches).toEqual([])
  })

  test('are forgotten after a horizon without a record', () => {
    const set = control(0, [rule({ id: 'r', when: 'price > 100', renew: '15m' })])
    const keys = (seconds: number): number =>
      run(rows(set, traded(1, { price: 101 }), row(seconds))).state.spaces.get('symbol')?.single.size ?? NaN
    // Horizon: 10 min, 60 s, renewal of 15 min; looked for at whole minutes.
    expect([keys(25 * 60), keys(27 * 60 + 1)]).toEqual([1, 0])
  })
})

test('counts what it evaluates, what was absent, and what a cool-down held back', () => {
  const { tally } = run(
    rows(
      control(0, [
        rule({ id: 'r', where: 'size * 2 > 1', when: 'sqrt(price) > 1', edge: 'every', cooldown: { for: '1m' } }),
      ]),
      traded(1),
      traded(2),
      traded(3, { price: -1 }),
      traded(4, { size: NaN }),
      row(10),
    ),
  )
  expect(Object.fromEntries(tally)).toEqual({
    rule_matches: 1,
    rule_suppressed: 1,
    rule_evaluated: 3,
    'rule_absent r when': 1,
    'rule_absent r where': 1,
  })
})
