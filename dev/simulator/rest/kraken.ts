import { limitOf, type PastTrades } from './past.ts'

const STREAM: ReadonlyMap<string, string> = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
])

/** `XBTUSD`, `USDTUSD`, `XBTUSDT`: the quote has three letters, or is a stablecoin. */
function streamName(pair: string): string {
  const at = pair.search(/(?:USDT|USDC|.{3})$/)
  return [pair.slice(0, at), pair.slice(at)].map((asset) => STREAM.get(asset) ?? asset).join('/')
}

/** Trades after a time in nanoseconds, oldest first; without one the newest. Numbers as the exchange writes them. */
export const krakenPast: PastTrades = {
  exchange: 'kraken',
  weight: 1,
  symbolOf: ({ path, query }) => (path === '/0/public/Trades' ? streamName(query.get('pair') ?? '') : undefined),
  answer(symbol, past, request) {
    const limit = limitOf(request, 'count', 1000, 1000)
    const since = /^(\d{1,10})(\d*)$/.exec(request.query.get('since') ?? '')
    const after = since === null ? undefined : Number(`${since[1]}${(since[2] ?? '').padEnd(6, '0').slice(0, 6)}`)
    const served =
      after === undefined ? past.slice(-limit) : past.filter(({ eventTime }) => eventTime > after).slice(0, limit)
    const rows = served.map(({ id, price, size, side, eventTime }) => {
      const seconds = `${Math.floor(eventTime / 1e6)}.${String(eventTime % 1e6).padStart(6, '0')}`
      return `["${price}","${size}",${seconds},"${side === 'BUY' ? 'b' : 's'}","l","",${id}]`
    })
    const last = served.at(-1)?.eventTime ?? after ?? 0
    return {
      body: `{"error":[],"result":{"${symbol.replace('/', '')}":[${rows.join(',')}],"last":"${last}000"}}`,
      served,
    }
  },
  refusal: () => '{"error":["EGeneral:Too many requests"]}',
}
