import { beginOf, pageOf, pastTrade, type Backfill } from './backfill.ts'
import { boolean, count, epoch, fields } from './read.ts'

const ADDRESS = 'https://api.binance.com/api/v3/aggTrades'
const PAGE = 1000

/** `fromId` is included and reaches back to the first trade ever; asked by it, nothing is skipped. */
export const binanceBackfill: Backfill = {
  checkedOn: '2026-11-21',
  order: 'ascending',
  gapless: true,
  mergesFills: false,
  pageSize: PAGE,
  limit: { count: 6000, perMs: 60_000 },
  weight: 4,
  request(want, last, pages) {
    const { nativeSymbol, after } = want
    if (last !== undefined && last.rows < PAGE) return undefined
    const newest = last?.trades.at(-1)
    const next = newest === undefined ? after?.sequence : newest.sequence + 1
    if (pages > 0 && newest === undefined) return undefined
    // Alone, without an end, a time is no window of an hour at most.
    const start = next === undefined ? `startTime=${Math.floor(beginOf(want) / 1000)}` : `fromId=${next}`
    return {
      url: `${ADDRESS}?symbol=${nativeSymbol}&${start}&limit=${PAGE}`,
      // Else milliseconds, where the stream has microseconds.
      headers: { 'X-MBX-TIME-UNIT': 'MICROSECOND' },
    }
  },
  parse: (body) =>
    pageOf(body, (row) => {
      const trade = fields(row, 'trades')
      const side = boolean(trade['m'], 'm') ? 'SELL' : 'BUY'
      return pastTrade(count(trade['a'], 'a'), epoch(trade['T'], 'T'), side, trade['p'], trade['q'])
    }),
}
