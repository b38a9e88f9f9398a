import fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileRule } from '../../../core/rules/compile/compile.ts'
import { isError } from '../../../core/rules/diagnostic.ts'
import { readRule } from '../../../core/rules/read/read.ts'
import { canonicalRule, readRuleSet } from '../../../core/rules/read/rule-set.ts'
import { validateRule, validateRuleSet } from '../../../core/rules/validate/validate.ts'
import { EMPTY_WORLD } from '../../../core/rules/validate/world.ts'
import { patternRule, whenRule } from './documents.ts'

const FOLDER = new URL('../../../rules/', import.meta.url)
const shipped: readonly unknown[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')))

const problems = (document: unknown): readonly string[] => {
  const read = readRule(document)
  return 'rule' in read ? [] : read.diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)
}

describe('reading a rule', () => {
  test('gives what the document says, unchanged', () => {
    const document = whenRule()
    expect(readRule(document)).toEqual({ rule: document })
  })

  test('refuses __proto__ as a name: an object would lose it in silence', () => {
    const lost: unknown = JSON.parse('{"__proto__": "price", "constructor": "size"}')
    expect(problems({ ...whenRule(), let: lost, emit: { type: 'X', fields: lost } })).toEqual([
      'E201 /emit/fields/__proto__',
      'E201 /let/__proto__',
    ])
  })

  test('tells all that is wrong at once, each with its place', () => {
    const steps = [{ as: '1a', if: 3 }, { not: { if: 'true' }, fore: '5s' }, { any: [{ as: 'b', if: 'true' }] }]
    expect(
      problems({
        ...patternRule(steps, { skip: 'to-nxt', maxPartials: 5000 }),
        id: 'A rule',
        by: [],
        cooldown: { for: '25h' },
        'a/b~c': 1,
        let: { 'x-y': '1', m: { agg: 'men', over: { slidin: '5s' } } },
        emit: { type: 'X', evidence: { events: 1.5 }, action: { webhook: '' } },
      }).toSorted(),
    ).toEqual(
      [
        'E201 /a~1b~0c',
        'E201 /id',
        'E201 /by',
        'E201 /emit/evidence/events',
        'E201 /emit/action/webhook',
        'E201 /let/x-y',
        'E201 /let/m/agg',
        'E201 /let/m/over',
        'E201 /pattern/steps/0/as',
        'E201 /pattern/steps/0/if',
        'E201 /pattern/steps/1/fore',
        'E201 /pattern/steps/2/any',
        'E201 /pattern/skip',
        'E201 /pattern/maxPartials',
        'E201 /cooldown/for',
      ].toSorted(),
    )
  })

  test('says how long a list is that has the wrong length', () => {
    const said = (by: readonly string[]) => {
      const read = readRule(whenRule({ by }))
      return 'rule' in read ? [] : read.diagnostics.map(({ message }) => message)
    }
    expect(said([])).toEqual(['This must be a list of 1 to 4 fields, not an empty list.'])
    expect(said(['a', 'b', 'c', 'd', 'e'])).toEqual(['This must be a list of 1 to 4 fields, not a list of 5.'])
  })

  test.each([
    ['__proto__', JSON.parse('{"__proto__": {"id": "a"}, "constructor": 1}')],
    ['a list', []],
    ['nothing', undefined],
    ['a number', 7],
    ['no prototype', Object.create(null)],
  ])('%s is no rule', (_, document) => {
    expect(readRule(document)).toHaveProperty('diagnostics')
  })

  test.each([
    ['0s', false],
    ['24h', true],
    ['1d', true],
    ['25h', false],
    ['90s', true],
    ['1.5s', false],
    ['5', false],
    ['5 s', false],
    ['-5s', false],
    ['999999999d', false],
  ])('a hold of %s: %s', (hold, isLength) => {
    expect(problems(whenRule({ hold }))).toEqual(isLength ? [] : ['E201 /hold'])
  })

  test('names of let and steps are words, and no words of the language', () => {
    for (const name of ['true', 'false', 'in', '1a', 'a-b', 'a b', '', 'ä', 'a'.repeat(65)])
      expect(problems(whenRule({ let: { [name]: '1' } }))).toHaveLength(1)
    for (const name of ['a', '_', 'high120', 'inside', 'a'.repeat(64)])
      expect(problems(whenRule({ let: { [name]: '1' } }))).toEqual([])
  })
})

describe('reading a rule set', () => {
  const a = whenRule({ id: 'a' })
  const b = whenRule({ id: 'b' })

  test('is sorted by id, each id once', () => {
    expect(readRuleSet({ rules: [a, b], shadow: [b] })).toHaveProperty('set')
    for (const rules of [
      [b, a],
      [a, a],
    ])
      expect(readRuleSet({ rules, shadow: [] })).toMatchObject({ diagnostics: [{ code: 'E201', pointer: '/rules/1' }] })
  })

  test('tells what is wrong with a rule by its place in the set', () => {
    expect(readRuleSet({ rules: [a], shadow: [{ ...b, version: 0 }] })).toMatchObject({
      diagnostics: [{ code: 'E201', pointer: '/shadow/0/version' }],
    })
  })
})

describe('the one text of a rule', () => {
  const textOf = (document: unknown): string => {
    const read = readRule(document)
    if (!('rule' in read)) throw new TypeError('no rule')
    return canonicalRule(read.rule)
  }

  test('is the same with defaults written out, in whatever order', () => {
    const not = { if: 'price < 1' }
    const short = patternRule([{ as: 'a', if: 'true' }, { not }, { as: 'b', if: 'true', times: 2, follow: 'next' }])
    const steps = [
      { as: 'a', if: 'true', follow: 'followed', inner: 'followed', times: 1, greedy: false, optional: false },
      { not: { ...not, follow: 'followed' } },
      { as: 'b', if: 'true', times: [2, 2], follow: 'next', inner: 'next' },
    ]
    const long = patternRule(steps, { skip: 'to-next', maxPartials: 64, onTimeout: false })
    const more = { renew: '1h', scope: 'asset', onUpdate: 'warm', on: ['trade'], let: {} }
    const reordered = Object.fromEntries(Object.entries({ ...long, ...more }).toReversed())
    expect(textOf(reordered)).toBe(textOf(short))

    const emit = { type: 'X', fields: {}, alert: false, evidence: { events: 0, inputs: false } }
    const lets = { m: { agg: 'mean', of: 'price', over: { sliding: '10s' } } }
    expect(textOf(whenRule({ edge: 'rising', emit, let: { m: { ...lets.m, lag: 0 } } }))).toBe(
      textOf(whenRule({ let: lets })),
    )
  })

  test('differs as soon as the rule does', () => {
    expect(textOf(whenRule({ renew: '6h' }))).not.toBe(textOf(whenRule()))
    expect(textOf(whenRule({ tags: ['x'] }))).not.toBe(textOf(whenRule()))
    const looping = (inner: string) => patternRule([{ as: 'a', if: 'true', times: [1, null], inner }])
    expect(textOf(looping('next'))).not.toBe(textOf(looping('any')))
  })
})

/** Each place of a JSON value. */
function placesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesOf(member, [...path, name]))]
}

/** The value with another at a place; `undefined`: nothing there. */
function changed(value: unknown, [name, ...rest]: readonly string[], other: unknown): unknown {
  if (name === undefined) return other
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.flatMap((one: unknown, index) => {
      if (String(index) !== name) return [one]
      const member = changed(one, rest, other)
      return member === undefined ? [] : [member]
    })
  return Object.fromEntries(
    Object.entries(value).flatMap(([one, member]): [string, unknown][] => {
      if (one !== name) return [[one, member]]
      const next = changed(member, rest, other)
      return next === undefined ? [] : [[one, next]]
    }),
  )
}

const scraps: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    undefined,
    'price > 1',
    'a.price > prev(price)',
    'm / s',
    '5s',
    '0s',
    'trade',
    ['trade', 'quote', 'match'],
    ['symbol'],
    { agg: 'mean', of: 'z', over: { count: 3 } },
    { agg: 'sd', of: 'price', over: { sliding: '24h' } },
    { not: { if: 'true' } },
    {
      any: [
        { as: 'x', if: 'y.price > 1' },
        { as: 'y', if: 'true' },
      ],
    },
    { toLast: 'u' },
    [0, null],
    -1,
    1e308,
  ),
)

/** One to three places of a rule that ships, each with something else there. */
const mutants: fc.Arbitrary<unknown> = fc.constantFrom(...shipped).chain((document) => {
  const place = fc.constantFrom(...placesOf(document))
  return fc
    .array(fc.tuple(place, scraps), { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce((now, [path, other]) => changed(now, path, other), document))
})

describe('never throws', () => {
  test('on any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        const { rule, diagnostics } = validateRule(document, EMPTY_WORLD)
        expect(rule === undefined).toBe('diagnostics' in readRule(document))
        expect(diagnostics.some(isError)).toBe(true)
        expect(readRuleSet(document)).toHaveProperty('diagnostics')
      }),
    )
  })

  test('on a rule with something else in it; what has no errors compiles', () => {
    fc.assert(
      fc.property(mutants, (document) => {
        const { rule, diagnostics, bound } = validateRule(document, EMPTY_WORLD)
        for (const { message, code } of diagnostics) {
          expect(code).toMatch(/^[EW]\d{3}$/)
          expect(message.length).toBeGreaterThan(10)
        }
        expect(bound !== undefined || diagnostics.some(isError)).toBe(true)
        const isCompiled = rule !== undefined && 'program' in compileRule(rule, () => 0)
        expect(isCompiled).toBe(bound !== undefined)
      }),
      { numRuns: 400 },
    )
  })

  test('nor on sets of such', () => {
    fc.assert(
      fc.property(fc.array(mutants, { maxLength: 3 }), (rules) => {
        const { diagnostics } = validateRuleSet({ rules, shadow: [] }, EMPTY_WORLD)
        expect(diagnostics.every(({ pointer }) => pointer === '' || pointer.startsWith('/'))).toBe(true)
      }),
    )
  })
})
