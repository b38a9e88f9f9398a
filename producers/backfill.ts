import type { Trade } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Fields } from './read.ts'
import { list, tradedPrice, tradedSize, Unreadable } from './read.ts'
import type { Limit } from './token-bucket.ts'

/** A trade as an exchange's REST gives it. Its id is its number. */
export type PastTrade = { readonly sequence: number; readonly eventTime: Micros; readonly payload: Trade }

/** A trade that the log has. */
export type Mark = { readonly sequence: number; readonly eventTime: Micros }

/** What may be missing of a symbol; `after` and `before` are the log's nearest trades on either side, if it has them. */
export type Want = {
  readonly nativeSymbol: string
  readonly from: Micros
  readonly to: Micros
  readonly after: Mark | undefined
  readonly before: Mark | undefined
}

/** One answer. `rows` counts those that could not be read, too; `cursor` where the exchange gives one. */
export type Page = {
  readonly trades: readonly PastTrade[]
  readonly rows: number
  readonly unreadable: number
  readonly cursor?: string | undefined
}

export type Request = { readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/** How an exchange's REST tells its past trades; pure, as the adapter is. */
export type Backfill = {
  readonly checkedOn: string
  /** Whether pages go from the past to the present or back. */
  readonly order: 'ascending' | 'descending'
  /** Whether trades of a symbol are numbered without holes, in REST as well: then a hole is a loss. */
  readonly gapless: boolean
  /** The stream sums up an order's fills under the last one's id, REST lists each. */
  readonly mergesFills: boolean
  /** The most trades of an answer. */
  readonly pageSize: number
  /** Documented, of one address, in the exchange's own weights. */
  readonly limit: Limit
  readonly weight: number
  /** The first page's without `last`; `undefined`: nothing lies beyond the last page. `pages` counts those before. */
  request(want: Want, last: Page | undefined, pages: number): Request | undefined
  /** May throw. Parsed JSON as for the adapter's `decode`; the trades in whatever order the exchange gives them. */
  parse(body: unknown): Page
}

/** Reads rows one by one: one that cannot be read is counted, the others go on. */
export function pageOf(rows: unknown, read: (row: unknown) => PastTrade, cursor?: string): Page {
  const all = list(rows, 'trades')
  let unreadable = 0
  const trades = all.flatMap((row) => {
    try {
      return [read(row)]
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      unreadable++
      return []
    }
  })
  return {
    trades: trades.toSorted((a, b) => a.sequence - b.sequence),
    rows: all.length,
    unreadable,
    cursor,
  }
}

export const pastTrade = (
  sequence: number,
  eventTime: Micros,
  side: Trade['side'],
  price: unknown,
  size: unknown,
): PastTrade => ({
  sequence,
  eventTime,
  payload: {
    kind: 'trade',
    id: String(sequence),
    side,
    price: tradedPrice(price, 'price'),
    size: tradedSize(size, 'size'),
  },
})

/** What an exchange refuses in a body of status 200. */
export function refuseErrors(body: Fields, key: string, isNone: (value: unknown) => boolean): void {
  if (!isNone(body[key])) throw new Unreadable(key, 'an error')
}

/** Where no trade from before is known, one is looked for: it proves that nothing of the gap's beginning is forgotten. */
const EARLIER = 60_000_000

/** From when on to ask. */
export const beginOf = ({ from, after }: Want): number =>
  after === undefined ? Math.max(0, from - EARLIER) : Math.min(from, after.eventTime)

/** Whole seconds around a time: REST's windows are coarser than the stream's times. */
export const secondsBefore = (time: number): number => Math.floor(time / 1_000_000) - 1
export const secondsAfter = (time: number): number => Math.ceil(time / 1_000_000) + 1
