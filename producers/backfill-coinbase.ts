import { beginOf, pageOf, pastTrade, secondsAfter, secondsBefore, type Backfill } from './backfill.ts'
import { count, fields, iso, text, tradedSide } from './read.ts'

const ADDRESS = 'https://api.coinbase.com/api/v3/brokerage/market/products'
const PAGE = 1000

/**
 * A window of whole seconds, newest first. There is no cursor but the time: more than a page within one second cannot be
 * read, and the hole in the numbers shows it.
 */
export const coinbaseBackfill: Backfill = {
  checkedOn: '2026-11-21',
  order: 'descending',
  gapless: true,
  mergesFills: false,
  pageSize: PAGE,
  limit: { count: 10, perMs: 1000 },
  weight: 1,
  request(want, last) {
    const { nativeSymbol, to, before } = want
    const start = secondsBefore(beginOf(want))
    if (last !== undefined && last.rows < PAGE) return undefined
    const oldest = last?.trades[0]
    const newest = last?.trades.at(-1)
    if (last !== undefined && (oldest === undefined || newest === undefined)) return undefined
    const end =
      oldest === undefined
        ? secondsAfter(Math.max(to, before?.eventTime ?? to))
        : Math.ceil(oldest.eventTime / 1_000_000)
    // A page within one second would be answered with itself.
    if (newest !== undefined && end >= Math.ceil(newest.eventTime / 1_000_000)) return undefined
    return { url: `${ADDRESS}/${encodeURIComponent(nativeSymbol)}/ticker?limit=${PAGE}&start=${start}&end=${end}` }
  },
  parse: (body) =>
    pageOf(fields(body, 'body')['trades'], (row) => {
      const trade = fields(row, 'trades')
      // The maker's, as in the stream.
      const side = tradedSide(trade['side'], 'side') === 'BUY' ? 'SELL' : 'BUY'
      const sequence = count(text(trade['trade_id'], 'trade_id'), 'trade_id')
      return pastTrade(sequence, iso(trade['time'], 'time'), side, trade['price'], trade['size'])
    }),
}
