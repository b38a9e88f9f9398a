import type { Micros } from '../core/time.ts'
import { bigintArray, booleanArray, numericArray, textArray, timestampArray } from './arrays.ts'

/** A column of a statement's rows: its name, the type of its parameter, and its values as one array. */
export type Column<Row> = {
  readonly name: string
  readonly type: string
  readonly arrayOf: (rows: readonly Row[]) => string | Buffer
}

type Maker<Row, Value> = (name: string, of: (row: Row) => Value) => Column<Row>
type Makers<Row> = {
  readonly text: Maker<Row, string | undefined>
  readonly numeric: Maker<Row, number | undefined>
  readonly double: Maker<Row, number | undefined>
  readonly int: Maker<Row, number>
  readonly bigint: Maker<Row, number>
  readonly time: Maker<Row, Micros>
  readonly boolean: Maker<Row, boolean>
}

/** Makers of columns of one kind of row. */
export function columnsOf<Row>(): Makers<Row> {
  const maker =
    <Value>(type: string, array: (values: readonly Value[]) => string | Buffer): Maker<Row, Value> =>
    (name, of) => ({ name, type, arrayOf: (rows) => array(rows.map(of)) })
  return {
    text: maker('text', textArray),
    numeric: maker('numeric', numericArray),
    double: maker('float8', numericArray),
    int: maker('int', numericArray),
    bigint: maker('bigint', bigintArray),
    time: maker('timestamptz', timestampArray),
    boolean: maker('boolean', booleanArray),
  }
}

type Described = readonly { readonly name: string; readonly type: string }[]

/** `a, b, c`. */
export const namesOf = (columns: Described): string => columns.map(({ name }) => name).join(', ')

/** A table `u` of the arrays, which are the parameters from `first` on. */
export const unnested = (columns: Described, first: number): string =>
  `unnest(${columns.map(({ type }, index) => `$${first + index}::${type}[]`).join(', ')}) u (${namesOf(columns)})`
