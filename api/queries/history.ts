import type { Micros } from '../../core/time.ts'

/** Which rows of one symbol, or of all where the table allows that; `after` is where the page before ended. */
export type HistoryFilter = {
  readonly symbol: string | undefined
  readonly exchange: string | undefined
  readonly from: Micros
  readonly to: Micros
  readonly after: readonly string[] | undefined
  readonly limit: number
}

/** Parameters of the last row of the page before, or as many absent ones. */
export const afterOf = ({ after }: HistoryFilter, parts: number): readonly (string | undefined)[] =>
  Array.from({ length: parts }, (_, index) => after?.[index])
