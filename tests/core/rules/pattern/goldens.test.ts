import { describe, expect, test } from 'vitest'
import { lastTaken } from '../../../../core/rules/pattern/taken.ts'
import { idOf, matchText, named, runPattern, shorthand } from './support.ts'
import type { Frame } from '../../../../core/rules/frame.ts'

type Row = {
  readonly row: number
  readonly pattern: string
  readonly skip: string
  readonly events: string
  readonly matches: string
  readonly tests?: Readonly<Record<string, (frame: Frame) => boolean>>
}

const FIVE = 'a b1 c; a b1 b2 c; a b1 b2 b3 c; a b2 c; a b2 b3 c; a b3 c'
const SEVEN = 'c a1 b; c a1 a2 b; c a1 a2 a3 b'
const GREEDY_OR = 'a|b|c'
const ALSO_X = { a: ({ event }: Frame) => /^[aX]/.test(idOf(event)) }
const EIGHT = 'c a1 b; c a1 a2 b; c a1 a3 b; c a1 a4 b; c a1 a2 a3 b; c a1 a2 a4 b; c a1 a3 a4 b; c a1 a2 a3 a4 b'
const ALWAYS = { p: () => true, q: () => true }
/** Row 28: b.v == a.v. */
const VALUES: Readonly<Record<string, number>> = { a1: 0, a2: 1, b1: 1, b2: 0 }
const SAME_VALUE = {
  b: ({ event, taken }: Frame) => {
    const a = lastTaken(taken, 0)
    return idOf(event).startsWith('b') && a !== undefined && VALUES[idOf(event)] === VALUES[idOf(a.event)]
  },
}

/** Rows 1 to 44 of rules-goldens.md section 2, typed from there; a row of several skips or sequences is several here. */
const ROWS: readonly Row[] = [
  { row: 1, pattern: 'a b:n', skip: 'none', events: 'a c b1 b2', matches: '' },
  { row: 2, pattern: 'a b', skip: 'none', events: 'a c b1 b2', matches: 'a b1' },
  { row: 3, pattern: 'a b:y', skip: 'none', events: 'a c b1 b2', matches: 'a b1; a b2' },
  { row: 4, pattern: 'a b+:y/n c:n', skip: 'none', events: 'a b1 d1 b2 d2 b3 c', matches: 'a b3 c' },
  { row: 5, pattern: 'a b+:y/f c', skip: 'none', events: 'a b1 d1 b2 d2 b3 c', matches: FIVE },
  { row: 6, pattern: 'a b+:y/y c', skip: 'none', events: 'a b1 d1 b2 d2 b3 c', matches: `${FIVE}; a b1 b3 c` },
  { row: 7, pattern: 'c a+:f/n b', skip: 'none', events: 'c d a1 a2 a3 d a4 b', matches: SEVEN },
  { row: 8, pattern: 'c a+:f/f b', skip: 'none', events: 'c d a1 a2 a3 d a4 b', matches: `${SEVEN}; c a1 a2 a3 a4 b` },
  {
    row: 9,
    pattern: 'c a+:y/y b',
    skip: 'none',
    events: 'c d a1 a2 a3 d a4 b',
    matches: `${EIGHT}; c a2 b; c a3 b; c a4 b; c a2 a3 b; c a2 a4 b; c a3 a4 b; c a2 a3 a4 b`,
  },
  { row: 10, pattern: 'c a+:f/y b', skip: 'none', events: 'c d a1 a2 a3 d a4 b', matches: EIGHT },
  ...['none', 'to-next', 'toFirst b'].map((skip) => ({
    row: 11,
    pattern: 'b+:f/n g, c:n',
    skip,
    events: 'b1 b2 b3 c',
    matches: 'b1 b2 b3 c; b2 b3 c; b3 c',
  })),
  { row: 12, pattern: 'b+:f/n g, c:n', skip: 'past-last', events: 'b1 b2 b3 c', matches: 'b1 b2 b3 c' },
  { row: 13, pattern: 'b+:f/n g, c:n', skip: 'toLast b', events: 'b1 b2 b3 c', matches: 'b1 b2 b3 c; b3 c' },
  {
    row: 14,
    pattern: `(${GREEDY_OR}) (b|c) c+ g, d`,
    skip: 'none',
    events: 'a b c1 c2 c3 d',
    matches: 'a b c1 c2 c3 d; b c1 c2 c3 d; c1 c2 c3 d',
  },
  {
    row: 15,
    pattern: `(${GREEDY_OR}) (b|c) c+ g, d`,
    skip: 'toFirst c',
    events: 'a b c1 c2 c3 d',
    matches: 'a b c1 c2 c3 d; c1 c2 c3 d',
  },
  { row: 16, pattern: 'a b+:n/f', skip: 'none', events: 'a b1 b2 b3', matches: 'a b1; a b1 b2; a b1 b2 b3' },
  { row: 17, pattern: 'a b+:n/f', skip: 'to-next', events: 'a b1 b2 b3', matches: 'a b1' },
  {
    row: 18,
    pattern: 'a{3}',
    skip: 'none',
    events: 'a1 a2 a3 a4 a5 a6',
    matches: 'a1 a2 a3; a2 a3 a4; a3 a4 a5; a4 a5 a6',
  },
  { row: 19, pattern: 'a{3}', skip: 'past-last', events: 'a1 a2 a3 a4 a5 a6', matches: 'a1 a2 a3; a4 a5 a6' },
  { row: 20, pattern: 'a b:y', skip: 'none', events: 'a1 b1 a2 b2', matches: 'a1 b1; a1 b2; a2 b2' },
  { row: 21, pattern: 'a b:y', skip: 'to-next', events: 'a1 b1 a2 b2', matches: 'a1 b1; a2 b2' },
  {
    row: 22,
    pattern: 'p{2} q{2}:n/f',
    tests: ALWAYS,
    skip: 'toFirst q',
    events: 'e1 e2 e3 e4 e5 e6',
    matches: 'e1 e2 e3 e4; e3 e4 e5 e6',
  },
  {
    row: 23,
    pattern: 'p{2} q{2}:n/f',
    tests: ALWAYS,
    skip: 'toLast q',
    events: 'e1 e2 e3 e4 e5 e6 e7',
    matches: 'e1 e2 e3 e4; e4 e5 e6 e7',
  },
  { row: 24, pattern: 'a b:y c:y d', skip: 'past-last', events: 'a1 a2 b1 b2 c1 c2 d1 d2', matches: 'a1 b1 c1 d1' },
  { row: 25, pattern: 'a b:n', skip: 'past-last', events: 'a1 c a2 b2', matches: 'a2 b2' },
  ...['toFirst b', 'toLast b'].map((skip) => ({
    row: 26,
    pattern: 'a b+:n/n',
    skip,
    events: 'a1 b1 a2 b2 b3 a3 b4',
    matches: 'a1 b1; a2 b2; a3 b4',
  })),
  { row: 27, pattern: 'a b*:n/n c:n', skip: 'toFirst b', events: 'a c', matches: 'a c' },
  {
    row: 28,
    pattern: 'a c b',
    tests: SAME_VALUE,
    skip: 'toFirst c',
    events: 'a1 c1 a2 c2 b1 b2',
    matches: 'a1 c1 b2; a2 c2 b1',
  },
  { row: 29, pattern: 'a !b:n c:y d', skip: 'none', events: 'a1 c1 b1 c2 d', matches: 'a1 c1 d; a1 c2 d' },
  { row: 30, pattern: 'a !b:n c d', skip: 'none', events: 'a1 b1 c1 c2 d', matches: '' },
  { row: 31, pattern: 'a !b c:y d', skip: 'none', events: 'a1 c1 b1 c2 d', matches: 'a1 c1 d' },
  { row: 32, pattern: 'a !b c?:y d', skip: 'none', events: 'a1 c1 b1 c2 d', matches: 'a1 c1 d' },
  { row: 33, pattern: 'a !b c?:y', skip: 'none', events: 'a1 c1 b1 c2', matches: 'a1; a1 c1' },
  { row: 34, pattern: 'a b{2}:y/f !c d', skip: 'none', events: 'a1 b1 c b2 d', matches: '' },
  { row: 35, pattern: 'a !b c{2}?:y/f d', skip: 'none', events: 'a1 d1 e b1 c1 c2 d2', matches: 'a1 d1' },
  { row: 36, pattern: 'c a* g, d', skip: 'none', events: 'c a1 a2 a3 d', matches: 'c a1 a2 a3 d' },
  { row: 36, pattern: 'c a* g, d', skip: 'none', events: 'c x a1 x a2 x a3 d', matches: 'c a1 a2 a3 d' },
  { row: 37, pattern: 'c a* g, d', skip: 'none', events: 'c a1 a2 x d', matches: 'c a1 a2 d' },
  { row: 37, pattern: 'c a* g, d', skip: 'none', events: 'c x d', matches: 'c d' },
  { row: 38, pattern: 'c a* g, d? e', skip: 'none', events: 'c a1 a2 x e', matches: 'c a1 a2 e' },
  { row: 39, pattern: 'c a* g, d? e', skip: 'none', events: 'c a1 a2 d e', matches: 'c a1 a2 e; c a1 a2 d e' },
  {
    row: 40,
    pattern: 'c a+ until X, X',
    tests: ALSO_X,
    skip: 'none',
    events: 'c a1 a2 X a3',
    matches: 'c a1 X; c a1 a2 X',
  },
  {
    row: 41,
    pattern: 'c a* until X, X',
    tests: ALSO_X,
    skip: 'none',
    events: 'c a1 a2 X a3',
    matches: 'c X; c a1 X; c a1 a2 X',
  },
  {
    row: 42,
    pattern: 'c a+:f/y until X, X',
    tests: ALSO_X,
    skip: 'none',
    events: 'c a1 a2 a3 X a4',
    matches: 'c a1 X; c a1 a2 X; c a1 a3 X; c a1 a2 a3 X',
  },
  {
    row: 43,
    pattern: 'c a+:y/f until X',
    tests: ALSO_X,
    skip: 'none',
    events: 'c a1 a2 X a3',
    matches: 'c a1; c a1 a2; c a2; c a3',
  },
  { row: 44, pattern: 'a+ until b', skip: 'none', events: 'a1 c a2 b a3', matches: 'a1; a1 a2; a2; a3' },
]

const sorted = (matches: readonly string[]): readonly string[] => matches.toSorted()

describe('the cases of Flink, as rules-goldens.md has them', () => {
  test.each(ROWS)('row $row: $pattern, skip $skip, over $events', ({ pattern, skip, events, matches, tests }) => {
    const { ends } = runPattern(shorthand(pattern, tests, skip), named(events))
    expect(sorted(ends.map(matchText))).toEqual(sorted(matches === '' ? [] : matches.split('; ')))
  })

  test('row 28 writes the match that began first, first', () => {
    const { ends } = runPattern(shorthand('a c b', SAME_VALUE, 'toFirst c'), named('a1 c1 a2 c2 b1 b2'))
    expect(ends.map(matchText)).toEqual(['a1 c1 b2', 'a2 c2 b1'])
  })

  test('a row for each number from 1 to 44', () => {
    expect([...new Set(ROWS.map(({ row }) => row))]).toEqual(Array.from({ length: 44 }, (_, at) => at + 1))
  })
})
