import { limitOf, millis, numberOf, type PastTrades } from './past.ts'

/** History of trades by id, newest first: those older than `after`, newer than `before`. */
export const okxPast: PastTrades = {
  exchange: 'okx',
  weight: 1,
  symbolOf: ({ path, query }) => (path === '/api/v5/market/history-trades' ? (query.get('instId') ?? '') : undefined),
  answer(symbol, past, request) {
    const after = numberOf(request, 'after') ?? Infinity
    const before = numberOf(request, 'before') ?? -1
    const served = past
      .filter(({ id }) => id < after && id > before)
      .slice(-limitOf(request, 'limit', 100, 100))
      .toReversed()
    const data = served.map(({ id, price, size, side, eventTime }) => ({
      instId: symbol,
      side: side === 'BUY' ? 'buy' : 'sell',
      sz: size,
      px: price,
      tradeId: String(id),
      ts: String(millis(eventTime)),
      source: '0',
    }))
    return { body: JSON.stringify({ code: '0', msg: '', data }), served }
  },
  refusal: () => '{"msg":"Too Many Requests","code":"50011"}',
}
