import { limitOf, numberOf, type PastTrades } from './past.ts'

/** Spot trades of a window of whole seconds, newest first, in pages. */
export const gatePast: PastTrades = {
  exchange: 'gate',
  weight: 1,
  symbolOf: ({ path, query }) => (path === '/api/v4/spot/trades' ? (query.get('currency_pair') ?? '') : undefined),
  answer(symbol, past, request) {
    const from = (numberOf(request, 'from') ?? 0) * 1_000_000
    const to = numberOf(request, 'to')
    const limit = limitOf(request, 'limit', 100, 1000)
    const page = numberOf(request, 'page') ?? 1
    const served = past
      .filter(({ eventTime }) => eventTime >= from && (to === undefined || eventTime <= to * 1_000_000))
      .toReversed()
      .slice((page - 1) * limit, page * limit)
    const rows = served.map(({ id, price, size, side, eventTime }) => ({
      id: String(id),
      create_time: String(Math.floor(eventTime / 1e6)),
      create_time_ms: `${Math.floor(eventTime / 1000)}.${String(eventTime % 1000).padStart(3, '0')}`,
      currency_pair: symbol,
      side: side === 'BUY' ? 'buy' : 'sell',
      amount: size,
      price,
      sequence_id: String(id),
    }))
    return { body: JSON.stringify(rows), served }
  },
  refusal: () => '{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded"}',
}
