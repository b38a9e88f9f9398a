import { toIso } from '../../../core/time.ts'
import { limitOf, numberOf, type PastTrades } from './past.ts'

const PATH = /^\/api\/v3\/brokerage\/market\/products\/([^/]+)\/ticker$/

/** Advanced Trade, public market trades: a window of whole seconds, newest first. `side` is the maker's. */
export const coinbasePast: PastTrades = {
  exchange: 'coinbase',
  weight: 1,
  symbolOf({ path }) {
    const symbol = PATH.exec(path)?.[1]
    return symbol === undefined ? undefined : decodeURIComponent(symbol)
  },
  answer(symbol, past, request) {
    const start = (numberOf(request, 'start') ?? 0) * 1_000_000
    const end = (numberOf(request, 'end') ?? Number.MAX_SAFE_INTEGER / 1e7) * 1_000_000
    const served = past
      .filter(({ eventTime }) => eventTime >= start && eventTime <= end)
      .slice(-limitOf(request, 'limit', 100, 1000))
      .toReversed()
    const trades = served.map(({ id, price, size, side, eventTime }) => ({
      trade_id: String(id),
      product_id: symbol,
      price,
      size,
      time: toIso(eventTime),
      side: side === 'BUY' ? 'SELL' : 'BUY',
      exchange: 'coinbase',
    }))
    return { body: JSON.stringify({ trades, best_bid: '', best_ask: '' }), served }
  },
  refusal: () => '{"error":"rate_limit_exceeded","message":"Too many requests"}',
}
