import { beginOf, pageOf, pastTrade, refuseErrors, type Backfill } from './backfill.ts'
import { count, decimalSeconds, fields, list, text, Unreadable } from './read.ts'

const ADDRESS = 'https://api.kraken.com/0/public/Trades'
const PAGE = 1000

/** REST's own codes; the stream and our symbols have the common ones. */
const OWN: ReadonlyMap<string, string> = new Map([
  ['BTC', 'XBT'],
  ['DOGE', 'XDG'],
])

/**
 * From a time on, which is excluded; `last` is the time to go on from. A row is price, size, seconds with a fraction, `b` or
 * `s`, `m` or `l`, text, id. Trades back to the first one ever.
 */
export const krakenBackfill: Backfill = {
  checkedOn: '2026-11-21',
  order: 'ascending',
  gapless: true,
  mergesFills: false,
  pageSize: PAGE,
  limit: { count: 15, perMs: 15_000 },
  weight: 1,
  request(want, last) {
    if (last !== undefined && last.rows < PAGE) return undefined
    const pair = want.nativeSymbol
      .split('/')
      .map((asset) => OWN.get(asset) ?? asset)
      .join('')
    // A second earlier, so that the trade we have is among them; the digits of nanoseconds are no exact number.
    const since = last?.cursor ?? `${beginOf(want) - 1_000_000}000`
    return { url: `${ADDRESS}?pair=${encodeURIComponent(pair)}&since=${since}&count=${PAGE}` }
  },
  parse(body) {
    const answer = fields(body, 'body')
    refuseErrors(answer, 'error', (errors) => list(errors, 'error').length === 0)
    const { last, ...pairs } = fields(answer['result'], 'result')
    const [rows] = Object.values(pairs)
    return pageOf(
      rows,
      (row) => {
        const [price, size, time, side, , , id] = list(row, 'trades')
        if (side !== 'b' && side !== 's') throw new Unreadable('side', 'neither b nor s')
        return pastTrade(count(id, 'id'), decimalSeconds(time, 'time'), side === 'b' ? 'BUY' : 'SELL', price, size)
      },
      text(last, 'last'),
    )
  },
}
