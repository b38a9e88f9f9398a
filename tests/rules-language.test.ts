import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { AGGREGATES } from '../core/rules/document.ts'
import { isError } from '../core/rules/diagnostic.ts'
import { STREAMS } from '../core/rules/events.ts'
import { VALUE_FUNCTIONS } from '../core/rules/expression/functions.ts'
import { STEP_FUNCTIONS, type Frame } from '../core/rules/frame.ts'
import type { Rule } from '../core/rules/document.ts'
import { readRule } from '../core/rules/read/read.ts'
import { SCOPE_STREAMS } from '../core/rules/validate/checks/streams.ts'
import { STREAM_FIELDS } from '../core/rules/stream-fields.ts'
import { failedTests, testRule } from '../core/rules/testing/test-rule.ts'
import { validateRule } from '../core/rules/validate/validate.ts'
import { EMPTY_WORLD, type World } from '../core/rules/validate/world.ts'
import { QUOTE_SOURCES, SIDES } from '../core/tick.ts'
import { matchText, named, runPattern, shorthand } from './core/rules/pattern/support.ts'

const LANGUAGE = readFileSync('rules/LANGUAGE.md', 'utf8')

/** A chapter by the number of its heading, up to the next one. */
const chapter = (number: number): string =>
  LANGUAGE.split(/^## /m).find((one) => one.startsWith(`${number}. `)) ?? expect.fail(`no chapter ${number}`)

/** What fields of texts may be, as chapter 2 shows it. */
const TEXTS: readonly string[] = [...SIDES, ...QUOTE_SOURCES, '1s', '1m']

/** Cells of all rows of tables, without the bars within them. */
const rows = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    )
const quoted = (cell = ''): string => /^`(.*?)`/.exec(cell)?.[1] ?? expect.fail(`nothing in quotes: ${cell}`)
const words = (text: string): ReadonlySet<string> =>
  new Set(text.match(/`[^`]+`/g)?.flatMap((one) => one.match(/\w+/g) ?? []))

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
/** RFC 7396. */
function merged(target: Json, patch: Json): Json {
  const all = { ...target }
  for (const [name, value] of Object.entries(patch)) {
    const before = all[name]
    if (value === null) delete all[name]
    else all[name] = isObject(value) ? merged(isObject(before) && name === 'pattern' ? before : {}, value) : value
  }
  return all
}
function jsonOf(text: string): Json {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new TypeError(`no object: ${text}`)
  return value
}

const SMALL: Json = {
  id: 'small',
  version: 1,
  name: 'Small',
  enabled: true,
  on: 'trade',
  by: ['symbol'],
  when: 'price > 1',
  severity: 'info',
  emit: { type: 'X' },
  tests: [{ name: 'nothing', given: [], expect: [] }],
}
const STEPS = {
  within: '10s',
  steps: [
    { as: 'a', if: 'price > 1' },
    { as: 'b', if: 'price > 2' },
  ],
}
const patched = (patch: Json): Json => {
  const { when: _, ...rest } = SMALL
  return merged('pattern' in patch ? { ...rest, pattern: STEPS } : SMALL, patch)
}
const ruleOf = (document: unknown): Rule => {
  const read = readRule(document)
  return 'rule' in read ? read.rule : expect.fail(JSON.stringify(read.diagnostics))
}
const WORLD: World = { ...EMPTY_WORLD, runTests: failedTests }
const codesOf = (document: unknown, world: World = WORLD): readonly string[] =>
  validateRule(document, world).diagnostics.map(({ code }) => code)

/** What a rule says in `emit.fields` of the last of these trades; null is absent. A code if it is wrong. */
function saidOf(more: Json, given: readonly Json[], of: string): unknown {
  const { when: _, ...small } = SMALL
  const rule = {
    ...small,
    ...more,
    emit: { type: 'X', fields: { said: of } },
    tests: [{ name: 'x', given, expect: [] }],
  }
  const wrong = validateRule(rule, EMPTY_WORLD).diagnostics.find(isError)
  if (wrong !== undefined) return wrong.code
  const matches = testRule(ruleOf(rule)).tests[0]?.matches
  if (matches === undefined || matches.length === 0) throw new TypeError(`no match for ${of}`)
  return matches.at(-1)?.fields['said']
}
const EACH = { when: 'true', edge: 'every' }
const trade = (at: string, set: Json): Json => ({ at, stream: 'trade', set: { symbol: 'BTC-USDT', ...set } })
const expected = (text: string): unknown => (text === 'absent' ? null : /^E\d+$/.test(text) ? text : JSON.parse(text))

/** In the shorthand that chapter 5 explains. X is an a, too. */
const matchesOf = (steps: string, skip: string, events: string): string =>
  runPattern(shorthand(steps, ALSO_X, skip), named(events))
    .ends.map(matchText)
    .join('; ')
const ALSO_X = { a: ({ event }: Frame) => event.stream === 'trade' && /^[aX]/.test(event.id ?? '') }

/** Pairs `left` → `right` of a text. */
const examples = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(/`([^`]+)` → `([^`]+)`/g)].map(([, left = '', right = '']) => [left, right.replaceAll('\\|', '|')])

describe('the language reference', () => {
  test('fits into 350 lines', () => expect(LANGUAGE.split('\n').length).toBeLessThanOrEqual(350))

  test.each([...LANGUAGE.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => jsonOf(text)))(
    'shows rules that are right, with tests that pass: $id',
    (document) => {
      const { diagnostics } = validateRule(document, WORLD)
      expect(diagnostics).toEqual([])
      expect(document['tests']).toHaveLength(2)
    },
  )

  test('names every member of a document', () => {
    const members = [...readFileSync('core/rules/document.ts', 'utf8').matchAll(/readonly (\w+)\??:/g)]
      .map(([, name = '']) => name)
      .filter((name) => !['rules', 'shadow'].includes(name))
    const known = words(LANGUAGE.replaceAll(/```.*?```/gs, ''))
    expect(members.length).toBeGreaterThan(50)
    expect(members.filter((name) => !known.has(name))).toEqual([])
    const own = rows(chapter(1))
      .slice(1)
      .map(([name]) => quoted(name))
    const source = /export type Rule = \{(.*?)\n\}/s.exec(readFileSync('core/rules/document.ts', 'utf8'))?.[1] ?? ''
    expect(own).toEqual(expect.arrayContaining([...source.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name)))
  })

  test('says what streams each scope has, and all fields of each', () => {
    const table = rows(chapter(2))
    for (const [scope, streams] of Object.entries(SCOPE_STREAMS)) {
      const row = table.find(([name]) => name === `\`${scope}\``)
      expect(row?.at(-1)).toBe(streams.join(', '))
    }
    expect(TEXTS.filter((one) => !words(chapter(2)).has(one))).toEqual([])
    const common = /^Every stream has .*?Besides:$/ms.exec(chapter(2))?.[0] ?? ''
    for (const stream of STREAMS) {
      const row = table.find(([name]) => name === `\`${stream}\``)
      const here = words(`${common} ${row?.at(-1) ?? ''}`)
      expect([stream, STREAM_FIELDS[stream].map(({ name }) => name).filter((name) => !here.has(name))]).toEqual([
        stream,
        [],
      ])
      const own = [...words(row?.at(-1) ?? '')].filter((name) => !TEXTS.includes(name))
      expect(own.filter((name) => STREAM_FIELDS[stream].every((field) => field.name !== name))).toEqual([])
    }
  })

  test('names every function', () => {
    const known = words(chapter(3))
    const functions = [...VALUE_FUNCTIONS.keys(), ...STEP_FUNCTIONS, 'duration', 'prev']
    expect(functions.filter((name) => !known.has(name))).toEqual([])
  })

  const [values = '', steps = ''] = chapter(3).split('In patterns, of what a step took')
  test.each(examples(values))('tells what expressions are worth: %s is %s', (of, value) => {
    const one = trade('5s', { exchange: 'binance', price: 100, size: 2 })
    expect(saidOf(EACH, [one], of)).toEqual(expected(value))
  })

  test.each(examples(steps))('tells what functions of steps are worth: %s is %s', (of, value) => {
    const prices = [100, 101, 103, 102].map((price, at) => trade(`${at}s`, { price }))
    const pattern = {
      within: '10s',
      steps: [
        { as: 'a', if: 'price == 100' },
        { as: 'b', if: 'price > 100', times: 3 },
      ],
    }
    expect(saidOf({ pattern }, prices, of)).toEqual(expected(value))
  })

  const given = [
    trade('0s', { price: 10, size: 1 }),
    trade('2s', { price: 14, size: 2 }),
    trade('4s', { price: 11, size: 1 }),
    trade('6s', { price: 13, size: 4 }),
  ]
  const [sums = '', windows = ''] = chapter(4).split('| window | holds')
  test('names every aggregate, with an example of each', () => {
    const shown = examples(sums).map(([left]) => jsonOf(left)['agg'])
    expect(new Set(shown)).toEqual(new Set(AGGREGATES))
  })
  test.each(examples(sums))('tells what aggregates are worth: %s is %s', (aggregate, value) => {
    const one = { over: { sliding: '10s' }, ...jsonOf(aggregate) }
    expect(saidOf({ ...EACH, let: { one } }, given, 'one')).toBeCloseTo(Number(value), 12)
  })

  test('names every window', () => {
    const table = rows(`| window | holds${windows}`)
      .slice(1)
      .map(([name]) => /"(\w+)"/.exec(name ?? '')?.[1])
    expect(new Set(table)).toEqual(new Set(['sliding', 'tumbling', 'hopping', 'session', 'count', 'day']))
  })
  test.each(examples(windows))('tells what windows hold: %s has %s', (over, value) => {
    expect(saidOf({ ...EACH, renew: '15m', let: { one: { agg: 'count', over: jsonOf(over) } } }, given, 'one')).toBe(
      Number(value),
    )
  })

  const patterns = rows(chapter(5)).filter(([, , events]) => /^`[acb]/.test(events ?? ''))
  test.each(patterns)(
    'tells what patterns match: %s, skip %s, of %s: %s',
    (written, skip = '', events, matches = '') => {
      expect(matchesOf(quoted(written), skip, quoted(events))).toBe(matches === '–' ? '' : quoted(matches))
    },
  )
  test.each(
    rows(chapter(5)).filter(([, , dropped, matches]) => !dropped?.startsWith('`') && matches?.startsWith('`a1 a2')),
  )('tells what skips leave: %s', (...[skip = '', , , matches]) => {
    const kinds = [...skip.matchAll(/`([^`]+)`/g)].map(([, one = '']) => one)
    for (const kind of kinds) {
      const name = /\{"(\w+)"/.exec(kind)?.[1]
      expect(matchesOf('a{2}', name === undefined ? kind : `${name} a`, 'a1 a2 a3 a4')).toBe(quoted(matches))
    }
  })

  const table = rows(chapter(11)).slice(1)
  test('names every code that validation can say', () => {
    const files = readdirSync('core/rules', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )
    const codes = files.flatMap(
      (file) => readFileSync(`core/rules/${file}`, 'utf8').match(/(?<=')[EW]\d{3}(?=')/g) ?? [],
    )
    expect(table.map(([code]) => code)).toEqual([...new Set(codes)].toSorted())
  })
  test.each(table)('tells what %s is, and what to write instead', (code = '', _, example, instead) => {
    const versions = code === 'E208' ? [ruleOf(SMALL)] : undefined
    expect(codesOf(patched(jsonOf(quoted(example))), { ...WORLD, versions })).toContain(code)
    const better = codesOf(patched(jsonOf(quoted(instead))), { ...WORLD, versions })
    expect(better.filter((one) => one === code || one.startsWith('E'))).toEqual([])
  })
})
