import { decimalOf, listOf, recordOf, timeOf } from './fields.ts'
import type { Held } from './evidence.ts'

/** One side of the quotes of a document, each from its own moment on. */
export const readHeldQuotes = (value: unknown, side: 'bid' | 'ask'): readonly Held[] =>
  listOf(recordOf(value)['quotes'])
    .map(recordOf)
    .map((fields) => ({ atMs: timeOf(fields['eventTime']), value: decimalOf(fields[side]) }))
    .filter(({ atMs, value: price }) => Number.isFinite(atMs + price))
