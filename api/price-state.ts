import type { Board } from './board.ts'
import type { PriceState } from './price.ts'
import type { PriceRow } from './queries/prices.ts'

/** Adds what the live board knows of the connection: rows alone cannot tell that heartbeats have stopped. */
export const withState =
  (board: Board) =>
  (row: PriceRow): PriceRow & { readonly state: PriceState } => ({
    ...row,
    state: board.find(row.exchange, row.symbol)?.state ?? 'down',
  })
