import { describe, expect, test } from 'vitest'
import { readTrial, sidesText, symbolIn } from '../../api/page/trial.ts'
import { TEMPLATE, bytesText, readVerdict, withVersion } from '../../api/page/verdict.ts'
import { parseConfig } from '../../io/config.ts'
import { judgeBy } from '../../io/rules-world.ts'

describe('what a new rule starts from', () => {
  test('is a rule without fault or doubt, and its own tests pass', () => {
    const config = parseConfig({ exchanges: { kraken: { symbols: ['BTC-USDT'] } } }, 'the test')
    const judged = judgeBy(() => config)(TEMPLATE, { others: [], versions: undefined, active: undefined })
    expect(judged.diagnostics).toEqual([])
    expect(judged.bound?.cost).toBe('low')
  })

  test('of another version is else as it was', () => {
    const next: unknown = JSON.parse(withVersion({ id: 'a', version: 1, name: 'x' }, 4))
    expect(next).toEqual({ id: 'a', version: 4, name: 'x' })
    expect(withVersion({ id: 'a', version: 1 }, 4)).toBe('{\n  "id": "a",\n  "version": 4\n}')
  })
})

describe('a verdict', () => {
  test('says in words what a rule holds, when it speaks and on how much past it depends', () => {
    const bound = {
      bytesPerKey: 96,
      keys: 1200,
      bytes: 115_200,
      warmUpMicros: 60e6,
      horizonMicros: 4260e6,
      cost: 'low',
    }
    expect(readVerdict({ isValid: true, runsTests: true, bound })).toEqual({
      isValid: true,
      runsTests: true,
      // 115,200 / 1024 = 112.5; 4260 s = 71 min
      boundText:
        'Holds at most 113 KiB in a partition (96 B for each of 1,200 keys); speaks after 60 s of warm-up; depends on the last 71 min; cost low',
    })
    expect(readVerdict({ bound: { ...bound, warmUpMicros: 0 } }).boundText).toContain('; speaks at once;')
    expect(readVerdict({}).boundText).toBe('')
  })

  test('has sizes in the unit that fits', () => {
    expect([0, 1, 1023, 1024, 1536, 64 * 2 ** 20, 2 ** 40].map(bytesText)).toEqual([
      '0 B',
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '64.0 MiB',
      '1024 GiB',
    ])
  })
})

describe('a trial', () => {
  const key = { symbol: 'A-B' }
  const range = { from: '1970-01-01T00:00:00Z', to: '1970-01-01T01:00:00Z', reaches: true, isCut: false }
  const lack = { text: 'bid > 2', left: 1.5, right: 2, margin: -0.25 }
  const trial = (explanation: object, other: object = {}) =>
    readTrial({ explanation: { events: 10, passed: 4, isWhole: true, ...explanation }, range: { ...range, ...other } })

  test('says how much was read and matched', () => {
    expect(trial({}).summary).toBe('No match in 10 events, 4 of them past “where”, 00:00:00 to 01:00:00 UTC.')
    expect(trial({ matches: [{}] }).summary).toMatch(/^One match in/)
    expect(trial({ matches: [{}, {}], isWhole: false }).summary).toMatch(/^2 matches \(the first; there are more\) in/)
  })

  test('tells of a near miss both sides and how much was missing', () => {
    const { misses } = trial({ misses: [{ at: '1970-01-01T00:00:01Z', key, lacks: [lack] }] })
    const [first] = misses[0]?.lacks ?? []
    expect([misses[0]?.atMs, first?.marginText, first && sidesText(first)]).toEqual([
      1000,
      'short by 25.0 %',
      '1.5 against 2',
    ])
    const lacks = [{ ...lack, margin: 0 }, { text: 'isNew' }, { text: 'x > 1', absent: 'too few values' }]
    const told = trial({ misses: [{ key, lacks }] }).misses[0]?.lacks
    expect(told?.map(({ marginText }) => marginText)).toEqual([
      'short by nothing: it had to be more',
      'false',
      'too few values',
    ])
    expect(told?.[1] && sidesText(told[1])).toBe('')
  })

  test('says what of each condition was never seen, and which steps were never entered', () => {
    const seen = (isTrue: boolean, isFalse: boolean, isAbsent = false) => ({ text: 'x', isTrue, isFalse, isAbsent })
    const conditions = [
      seen(true, true),
      seen(true, false),
      seen(false, true),
      seen(false, false, true),
      seen(false, false),
    ]
    const steps = [
      { name: 'a', isEntered: true },
      { name: 'b', isEntered: false },
    ]
    const told = trial({ coverage: { conditions, steps } })
    expect(told.conditions.map(({ never }) => never)).toEqual([
      '',
      'always true',
      'never true',
      'never had a value',
      'never looked at',
    ])
    expect(told.stepsNeverEntered).toEqual(['b'])
  })

  test('remarks on what was cut, held too briefly, held back, or waited in vain', () => {
    expect(trial({}).remarks).toEqual([])
    const { remarks } = trial(
      {
        holds: [{ key, from: '1970-01-01T00:00:05Z', lastedMicros: 3e6, wantedMicros: 5e6 }],
        patterns: [{ key, taken: [{ step: 'a' }, { step: 'b' }], waitedFor: 'c', why: 'within' }],
        absent: [{ pointer: '/when', reason: 'no value yet', times: 4 }],
        heldBack: [{ key, times: 7 }],
      },
      { isCut: true, reaches: false },
    )
    expect(remarks).toEqual([
      expect.stringContaining('beginning only'),
      expect.stringContaining('does not reach back'),
      'A-B: it held for 3.0 s of 5.0 s, from 00:00:05.',
      'A-B: got as far as a, b and waited for c; its time was up.',
      '/when had no value 4 times: no value yet',
      'A-B: a cool-down held back 7.',
    ])
  })

  test('is on the symbol that the document names', () => {
    expect(symbolIn('{"where": "symbol in [\'ETH-USDT\', \'BTC-USDT\']"}')).toBe('ETH-USDT')
    expect(symbolIn('{"where": "symbol == \'BTC-USDT-PERP\'"}')).toBe('BTC-USDT-PERP')
    expect(symbolIn('{"name": "to-next"}')).toBeUndefined()
  })
})
