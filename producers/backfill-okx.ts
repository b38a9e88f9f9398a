import { pageOf, pastTrade, refuseErrors, type Backfill } from './backfill.ts'
import { count, decimalMillis, fields, tradedSide } from './read.ts'

const ADDRESS = 'https://www.okx.com/api/v5/market/history-trades'
const PAGE = 100

/** By id, newest first, three months back. `after` is older than the id, which is excluded. */
export const okxBackfill: Backfill = {
  checkedOn: '2026-11-21',
  order: 'descending',
  gapless: false,
  mergesFills: true,
  pageSize: PAGE,
  limit: { count: 20, perMs: 2000 },
  weight: 1,
  request({ nativeSymbol, before }, last) {
    if (last !== undefined && last.rows < PAGE) return undefined
    const oldest = last?.trades[0]
    if (last !== undefined && oldest === undefined) return undefined
    // The known one is wanted, too: by its price it tells which fills it stands for.
    const id = oldest?.sequence ?? (before === undefined ? undefined : before.sequence + 1)
    const after = id === undefined ? '' : `&after=${id}`
    return { url: `${ADDRESS}?instId=${encodeURIComponent(nativeSymbol)}&type=1${after}&limit=${PAGE}` }
  },
  parse(body) {
    const answer = fields(body, 'body')
    refuseErrors(answer, 'code', (code) => code === '0')
    return pageOf(answer['data'], (row) => {
      const trade = fields(row, 'data')
      const time = decimalMillis(trade['ts'], 'ts')
      return pastTrade(
        count(trade['tradeId'], 'tradeId'),
        time,
        tradedSide(trade['side'], 'side'),
        trade['px'],
        trade['sz'],
      )
    })
  },
}
