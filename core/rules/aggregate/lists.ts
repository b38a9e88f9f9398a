import { finite, type Arithmetic } from './arithmetic.ts'
import { blankItem, type Item } from './item.ts'

/** Values as they came; `texts` where texts are counted. */
export type List = { readonly values: number[]; readonly texts: string[] }

/** More different values than these are reported as these. */
export const MOST_DISTINCT = 4096
const VALUE_BYTES = 24

/** x⌊h⌋ + (h − ⌊h⌋)·(x⌊h⌋₊₁ − x⌊h⌋) at h = (n − 1)·p, of the n sorted values that `at` gives; NaN of none. */
export function quantileOf(n: number, p: number, at: (rank: number) => number): number {
  if (n < 1) return Number.NaN
  const h = (n - 1) * p
  const low = Math.floor(h)
  const x = at(low)
  return low + 1 < n ? x + (h - low) * (at(low + 1) - x) : x
}

function sortedQuantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((x, y) => x - y)
  return quantileOf(sorted.length, p, (rank) => sorted[rank] ?? Number.NaN)
}

/** Of what cannot be summed: all values are kept, and what is asked for is found at reading. */
function listArithmetic(read: (list: List) => number): Arithmetic {
  const typed = {
    start: (): List => ({ values: [], texts: [] }),
    add(list: List, { a, text }: Item): List {
      if (text === undefined) list.values.push(a)
      else list.texts.push(text)
      return list
    },
    merge: (older: List, newer: List): List => ({
      values: older.values.concat(newer.values),
      texts: older.texts.concat(newer.texts),
    }),
    held: ({ values, texts }: List): number => VALUE_BYTES * (values.length + texts.length),
    number: (list: List): number => finite(read(list)),
  }
  return { share: 'list', merges: true, isList: true, text: () => undefined, panes: noPanes, ...erase(typed) }
}

export const quantileList = (p: number): Arithmetic => listArithmetic(({ values }) => sortedQuantile(values, p))

export const distinctList = (): Arithmetic =>
  listArithmetic(({ values, texts }) => Math.min(MOST_DISTINCT, new Set(values).size + new Set(texts).size))

/** Whatever is summed value by value and cannot be merged. */
export const unmerged = ({ start, add, number }: Arithmetic): Arithmetic =>
  listArithmetic(({ values }) =>
    number(
      values.reduce((sum, a) => add(sum, { ...blankItem(), a }), start()),
      0,
      0,
    ),
  )

/** Sliding windows of these have machines of their own (ordered.ts, distinct.ts). */
function noPanes(): never {
  throw new TypeError('a list is not cut into panes')
}

type Typed = {
  start(): List
  add(list: List, item: Item): List
  merge(older: List, newer: List): List
  held(list: List): number
  number(list: List): number
}
const erase = (typed: Typed): Pick<Arithmetic, 'start' | 'add' | 'merge' | 'held' | 'number'> => typed
