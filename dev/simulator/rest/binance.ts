import { limitOf, millis, numberOf, type PastTrades } from './past.ts'

/** Spot, aggregate trades: from an id or a time on, oldest first; without either the newest. */
export const binancePast: PastTrades = {
  exchange: 'binance',
  weight: 4,
  symbolOf: ({ path, query }) => (path === '/api/v3/aggTrades' ? (query.get('symbol') ?? '') : undefined),
  answer(_, past, request) {
    const limit = limitOf(request, 'limit', 500, 1000)
    const fromId = numberOf(request, 'fromId')
    const start = numberOf(request, 'startTime')
    const micros = String(request.headers['x-mbx-time-unit']).toUpperCase() === 'MICROSECOND'
    const served =
      fromId !== undefined
        ? past.filter(({ id }) => id >= fromId).slice(0, limit)
        : start === undefined
          ? past.slice(-limit)
          : past.filter(({ eventTime }) => millis(eventTime) >= start).slice(0, limit)
    const rows = served.map(({ id, first, last, price, size, side, eventTime }) => {
      const time = micros ? eventTime : millis(eventTime)
      return `{"a":${id},"p":"${price}","q":"${size}","f":${first},"l":${last},"T":${time},"m":${side === 'SELL'},"M":true}`
    })
    return { body: `[${rows.join(',')}]`, served }
  },
  refusal: (status) =>
    status === 418
      ? '{"code":-1003,"msg":"Way too much request weight used; IP banned."}'
      : '{"code":-1003,"msg":"Too much request weight used."}',
}
