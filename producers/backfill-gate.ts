import { beginOf, pageOf, pastTrade, secondsAfter, secondsBefore, type Backfill } from './backfill.ts'
import { count, decimalMillis, fields, tradedSide } from './read.ts'

const ADDRESS = 'https://api.gateio.ws/api/v4/spot/trades'
const PAGE = 1000
/** `limit * (page - 1)` may not exceed 100 000. */
const MAX_PAGES = 100

/** A window of whole seconds in pages, newest first. The documents advise against `last_id`. */
export const gateBackfill: Backfill = {
  checkedOn: '2026-11-21',
  order: 'descending',
  gapless: false,
  mergesFills: false,
  pageSize: PAGE,
  limit: { count: 200, perMs: 10_000 },
  weight: 1,
  request(want, last, pages) {
    const { nativeSymbol, to, before } = want
    if ((last !== undefined && last.rows < PAGE) || pages >= MAX_PAGES) return undefined
    const window = `from=${secondsBefore(beginOf(want))}&to=${secondsAfter(Math.max(to, before?.eventTime ?? to))}`
    const pair = encodeURIComponent(nativeSymbol)
    return { url: `${ADDRESS}?currency_pair=${pair}&${window}&limit=${PAGE}&page=${pages + 1}` }
  },
  parse: (body) =>
    pageOf(body, (row) => {
      const trade = fields(row, 'trades')
      const time = decimalMillis(trade['create_time_ms'], 'create_time_ms')
      return pastTrade(
        count(trade['id'], 'id'),
        time,
        tradedSide(trade['side'], 'side'),
        trade['price'],
        trade['amount'],
      )
    }),
}
