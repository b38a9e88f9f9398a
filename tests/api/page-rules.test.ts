import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { notJson, placeAll, readDiagnostics } from '../../api/page/diagnostics.ts'
import { lineOf, placeInText, scanJson } from '../../api/page/json-places.ts'
import { byMinutes, legible, marksOf, windowOfMatch, withPauses } from '../../api/page/match-window.ts'
import { keyText, namedText, phaseText, readOneMatch, toldText } from '../../api/page/matches.ts'
import { addressOf, parentOf, placeOfAddress } from '../../api/page/place.ts'
import { refusalText } from '../../api/page/refusal.ts'
import { readRules, readStats, stateOf, stateSentence } from '../../api/page/rules.ts'

const at = (text: string, pointer: string): string | undefined => {
  const range = scanJson(text).places.get(pointer)
  return range && text.slice(range.from, range.to)
}

describe('places in a JSON text', () => {
  test('are those of its values, by pointer, names with / and ~ escaped', () => {
    const text = ' { "a" : [1, {"b/c~d": "x\\"y"} , -2.5e3] ,\n"e":null }'
    expect([at(text, '/a/0'), at(text, '/a/1/b~1c~0d'), at(text, '/a/2'), at(text, '/e')]).toEqual([
      '1',
      '"x\\"y"',
      '-2.5e3',
      'null',
    ])
    expect(at(text, '')).toBe(text.trim())
    expect(at(text, '/a/3')).toBeUndefined()
  })

  test.each([
    ['{"a": 1,}', 8, 'name in quotes'],
    ['{"a" 1}', 5, 'colon'],
    ['[1 2]', 3, 'comma or ]'],
    ['{"a": "b', 6, 'not ended'],
    ['{"a": 01}', 7, 'comma or }'],
    ['', 0, 'value'],
    ['1 2', 2, 'Nothing may follow'],
    ['{"a": "\u0001"}', 6, 'escaped'],
    ['['.repeat(300), 201, 'too deep'],
  ])('%j ends being JSON at character %i', (text, place, message) => {
    expect(() => void JSON.parse(text)).toThrow(SyntaxError)
    const { problem } = scanJson(text)
    expect(problem?.at).toBe(place)
    expect(problem?.message).toContain(message)
  })

  test('are found in whatever JSON.parse takes, and nowhere else is a problem', () => {
    const parses = (text: string): boolean => {
      try {
        JSON.parse(text)
        return true
      } catch {
        return false
      }
    }
    const near = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', '"', ',', '}', '[', '\\', 'e', '-', '\t', '0'))
      .map(
        ([text, n, character]) =>
          text.slice(0, n % (text.length + 1)) + character + text.slice((n % (text.length + 1)) + 1),
      )
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 4 }), near, fc.string()), (text) => {
        const { places, problem } = scanJson(text)
        expect([text, problem === undefined]).toEqual([text, parses(text)])
        for (const { from, to } of places.values()) expect(parses(text.slice(from, to))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('of a character in a text value count each escape once', () => {
    //            0123456789
    const json = '"a\\n\\u0041b"'
    expect([0, 1, 2, 3, 4, 9].map((n) => placeInText(json, 0, n))).toEqual([1, 2, 4, 10, 11, 11])
  })

  test('have a line and a column, from 1', () => {
    expect([lineOf('ab\ncd', 0), lineOf('ab\ncd', 4)]).toEqual([
      { line: 1, column: 1 },
      { line: 2, column: 2 },
    ])
  })
})

describe('diagnostics', () => {
  const text = '{\n  "when": "n > 1 && pric > 2",\n  "by": ["symbol"]\n}'
  const one = { code: 'E102', pointer: '/when', from: 9, to: 13, message: 'There is no pric.' }

  test('of an expression mark its characters, in the text and in the expression', () => {
    const [placed] = placeAll(text, [one])
    expect(placed?.parts).toEqual(['n > 1 && ', 'pric', ' > 2'])
    expect(text.slice(placed?.range.from, placed?.range.to)).toBe('pric')
  })

  test('of a value mark it; of what is missing what it is missing from; of the whole its beginning', () => {
    const marked = (pointer: string, from?: number) => {
      const [placed] = placeAll(text, [{ ...one, pointer, from, to: undefined }])
      return text.slice(placed?.range.from, placed?.range.to)
    }
    expect(marked('/by')).toBe('["symbol"]')
    expect(marked('/by/7/x')).toBe('["symbol"]')
    expect([marked(''), marked('/emit')]).toEqual(['{', '{'])
    // Characters of what is no text, and beyond a text's end.
    expect([marked('/by', 3), marked('/when', 99)]).toEqual(['["symbol"]', ''])
  })

  test('stand errors first, then by their place', () => {
    const order = placeAll(text, [{ ...one, code: 'W806', pointer: '/by' }, { ...one, pointer: '/by' }, one])
    expect(order.map(({ code, where }) => `${code} ${where}`)).toEqual(['E102 /when', 'E102 /by', 'W806 /by'])
  })

  test('show a long expression around the fault', () => {
    const long = `${'a + '.repeat(50)}pric${' + b'.repeat(50)}`
    const parts = placeAll(JSON.stringify({ when: long }), [{ ...one, from: 200, to: 204 }])[0]?.parts
    expect(parts?.[1]).toBe('pric')
    expect([parts?.[0].length, parts?.[2].length]).toEqual([49, 49])
  })

  test('of a text that is no JSON are one, with line and column', () => {
    expect(notJson('{\n  "a" 1}')).toMatchObject({ code: 'JSON', where: 'line 2, column 7', isError: true })
    expect(notJson('{}')).toBeUndefined()
  })

  test('are read from verdicts and problems; what is missing stays so', () => {
    expect(readDiagnostics({ diagnostics: [{ code: 'E1', from: 2 }, null] })).toEqual([
      { code: 'E1', pointer: '', from: 2, to: undefined, message: '' },
      { code: '', pointer: '', from: undefined, to: undefined, message: '' },
    ])
    expect(readDiagnostics(undefined)).toEqual([])
  })
})

describe('a rule', () => {
  const rule = (activation: object, document: object = {}) =>
    readRules({ rules: [{ id: 'a', version: 3, activation, document }] })[0] ?? expect.fail('none')

  test.each([
    [{ state: 'inactive' }, 'off', 'no version'],
    [{ state: 'inactive', shadowVersion: 2 }, 'shadow', 'Version 2 is tried in the shadow'],
    [{ state: 'waiting', activeVersion: 3 }, 'waiting', 'waits to be written'],
    [{ state: 'published', activeVersion: 3 }, 'waiting', 'stands in the log'],
    [
      { state: 'listening', activeVersion: 3, listeningUntil: '1970-01-01T00:01:00Z' },
      'listening',
      'for about 50 s more',
    ],
    [{ state: 'in_force', activeVersion: 3 }, 'in force', 'Version 3 is in force.'],
    [{ state: 'in_force', activeVersion: 2 }, 'in force', 'the newest, 3, is not'],
    [{ state: 'halted', activeVersion: 3 }, 'halted', 'more than its bound'],
  ])('that is %j is %s', (activation, state, sentence) => {
    expect(stateOf(rule(activation))).toBe(state)
    expect(stateSentence(rule(activation), 10_000)).toContain(sentence)
  })

  test('has one severity, or the greatest it can have', () => {
    const severity = (value: unknown) => rule({}, { severity: value }).severity
    expect(severity('info')).toBe('info')
    expect(severity({ cases: [{ if: 'x', then: 'warning' }], else: 'info' })).toBe('up to warning')
    expect(severity({ cases: [{ if: 'x', then: 'info' }], else: 'info' })).toBe('info')
    expect(severity(undefined)).toBe('')
  })

  test('has the figures of all its versions, and when any of them fired last', () => {
    const versions = [
      { fired1h: 1, fired24h: 5, lastFired: '1970-01-01T00:00:07Z' },
      { fired1h: 2, fired24h: 7, lastFired: '1970-01-01T00:00:09Z' },
      {},
    ]
    expect(readStats({ versions })).toMatchObject({ fired1h: 3, fired24h: 12, lastFiredMs: 9000 })
    expect(readStats({}).lastFiredMs).toBeNaN()
  })
})

describe('a match', () => {
  test('tells values by their kind', () => {
    const values = [undefined, true, 'UP', 1_234_567, 12.345678, -0.00001234, 1e9 + 0.5]
    expect(values.map(toldText)).toEqual(['–', 'yes', 'UP', '1,234,567', '12.3457', '-0.0000123', '1,000,000,000'])
    const { fields, key } = readOneMatch({
      match: { fields: { z: 2, none: null }, key: { exchange: 'a', symbol: 'B-C' } },
    })
    expect([namedText(fields), keyText(key)]).toEqual(['none –, z 2', 'a · B-C'])
  })

  test('says why it resolved', () => {
    const said = (phase: string, reason?: string) => phaseText({ phase, reason })
    expect([said('FIRED'), said('RESOLVED', 'release'), said('RESOLVED', 'rule'), said('TIMEOUT')]).toEqual([
      'fired',
      'resolved',
      'ended with its rule',
      'timed out',
    ])
  })

  const evidence = { stream: 'trade', partition: 0, offset: 1, exchange: 'kraken', symbol: 'A-B' }
  const match = (atMs: number, ...times: readonly number[]) => ({
    atMs,
    phase: 'FIRED',
    symbol: 'A-B' as string | undefined,
    exchange: 'kraken' as string | undefined,
    evidence: times.map((one) => ({ ...evidence, atMs: one })),
  })

  test('is shown by seconds with a minute around, a long one by minutes; about no symbol nowhere', () => {
    expect(windowOfMatch(match(100_500, 99_000))).toEqual({
      symbol: 'A-B',
      exchange: 'kraken',
      interval: '1s',
      fromMs: 39_000,
      toMs: 161_000,
    })
    expect(windowOfMatch(match(3_600_000, 0))).toMatchObject({ interval: '1m', fromMs: -1_800_000, toMs: 5_400_000 })
    expect(windowOfMatch({ ...match(5), symbol: undefined })).toBeUndefined()
    expect(windowOfMatch({ ...match(5, 4), symbol: undefined, exchange: undefined })).toMatchObject({
      symbol: 'A-B',
      exchange: 'kraken',
    })
    expect(windowOfMatch({ ...match(5), exchange: undefined })?.exchange).toBe('*')
    const wide = byMinutes({ symbol: 'A-B', exchange: '*', interval: '1s', fromMs: 61_000, toMs: 119_000 })
    expect(wide).toMatchObject({ interval: '1m', fromMs: -1_740_000, toMs: 1_860_000 })
  })

  test('is drawn with the pauses between its candles, and room after the last', () => {
    const bars = [{ time: 60 }, { time: 180 }]
    const steps = withPauses(bars, '1m')
    expect(steps.map(({ time, bar }) => [time, bar !== undefined])).toEqual([
      [60, true],
      [120, false],
      [180, true],
      [240, false],
      [300, false],
      [360, false],
    ])
    expect(withPauses([{ time: 7 }], '1s').map(({ time }) => time)).toEqual([7, 8, 9, 10])
    expect(withPauses([], '1s')).toEqual([])
  })

  test('marks the bars in which its evidence came, together where it is one, and its own moment', () => {
    const marks = marksOf(match(12_900, 10_100, 10_900, 12_000), [10, 11, 12], 'A-B')
    expect(marks).toEqual([
      { time: 10, kind: 'evidence', text: '2 × trade' },
      { time: 12, kind: 'evidence', text: 'trade' },
      { time: 12, kind: 'at', text: 'FIRED' },
    ])
    expect(marksOf(match(5000, 1000), [10], 'A-B').map(({ time }) => time)).toEqual([10, 10])
    // Of another symbol it would point at prices that are not its own.
    expect(marksOf(match(5000, 1000), [4], 'X-Y')).toHaveLength(1)
    expect(marksOf(match(5000, 1000), [], 'A-B')).toEqual([])
  })
})

describe('marks of a match', () => {
  test('have words where there is room for them; its own moment always has', () => {
    const mark = (time: number, kind: 'evidence' | 'at' = 'evidence') => ({ time, kind, text: kind })
    const shown = legible([mark(0), mark(5), mark(10), mark(11), mark(11, 'at')], 160)
    expect(shown.map(({ time, text }) => [time, text])).toEqual([
      [0, 'evidence'],
      [5, ''],
      [10, 'evidence'],
      [11, ''],
      [11, 'at'],
    ])
  })
})

describe('refusals in words', () => {
  test.each([
    [0, undefined, 'did not answer'],
    [401, undefined, 'does not know this key'],
    [403, undefined, 'may only read'],
    [412, undefined, 'Somebody else has changed it'],
    [413, undefined, '100 kB'],
    [409, { title: 'It is not so', detail: 'version 2 of a is not new' }, 'It is not so: version 2 of a is not new.'],
    [503, { title: 'PostgreSQL does not answer' }, 'PostgreSQL does not answer.'],
    [500, undefined, 'The server answered 500.'],
  ])('%i with %j', (status, problem, sentence) => expect(refusalText(status, problem, true)).toContain(sentence))

  test('a first question for a key says where one is; too many requests when to come back', () => {
    expect(refusalText(401, undefined, false)).toContain('crosstide up')
    expect(refusalText(429, undefined, true, '7')).toContain('try again in 7 s')
    expect(refusalText(429, undefined, true)).toContain('in a minute')
  })
})

describe('addresses of rules and alerts', () => {
  test.each([
    ['/?view=rules', '/'],
    ['/?rule=price-spike', '/?view=rules'],
    ['/?rule=price-spike&match=price-spike@1:0:12:0', '/?rule=price-spike'],
    ['/?view=new-rule', '/?view=rules'],
    ['/?edit=price-spike', '/?rule=price-spike'],
    ['/?view=alerts', '/'],
  ])('%s leads there and back, and up to %s', (address, up) => {
    const place = placeOfAddress(address.slice(1))
    expect([addressOf(place), addressOf(parentOf(place))]).toEqual([address, up])
  })

  test('that are none lead to the overview', () => {
    for (const search of ['?rule=A%20b', '?edit=..%2F', '?view=x']) expect(placeOfAddress(search).view).toBe('overview')
    expect(placeOfAddress('?rule=a&match=x')).toEqual({ view: 'rule', id: 'a', match: undefined })
  })
})
