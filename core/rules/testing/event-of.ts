import { INTERVAL_MICROS } from '../../candle.ts'
import { ln } from '../../math.ts'
import { parseSymbol } from '../../symbol.ts'
import type { CommonFields, RuleEvent, Stream } from '../events.ts'
import type { Value } from '../frame.ts'
import type { Micros } from '../../time.ts'

/** Values of one record by the names of its fields; those that are not there are absent. */
export type Values = ReadonlyMap<string, Value>

/** The last candle of each exchange, symbol and interval, for the return of the next. Changed in place. */
export type Closes = Map<string, { readonly openTime: number; readonly close: number }>

/**
 * A record of a test as rules see it. What is not set is absent, but for what can be known: `base` and `quoteAsset` follow from
 * `symbol`; `eventTime` is T, of a candle the end of its interval; `receiveTime` is T where the stream has one; a candle's
 * `openTime` is that of the last interval that has ended at T, its `logReturn` follows from the candle before.
 */
export function eventOf(stream: Stream, values: Values, offset: number, at: Micros, closes: Closes): RuleEvent {
  const place = { offset, at, feed: 'SIMULATED' } as const
  const text = (name: string): string | undefined => {
    const value = values.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const truth = (name: string): boolean | undefined => {
    const value = values.get(name)
    return typeof value === 'boolean' ? value : undefined
  }
  const number = (name: string, otherwise = NaN): number => {
    const value = values.get(name)
    return typeof value === 'number' ? value : values.has(name) ? NaN : otherwise
  }
  const symbol = text('symbol')
  const parts = symbol === undefined ? undefined : parseSymbol(symbol)
  const common = (eventTime: number, receiveTime = NaN): CommonFields => ({
    exchange: text('exchange'),
    symbol,
    base: values.has('base') ? text('base') : parts?.base,
    quoteAsset: values.has('quoteAsset') ? text('quoteAsset') : parts?.quote,
    eventTime: number('eventTime', eventTime),
    receiveTime: number('receiveTime', receiveTime),
    sequence: number('sequence'),
  })
  switch (stream) {
    case 'trade':
      return {
        stream,
        ...place,
        ...common(at, at),
        id: text('id'),
        side: text('side'),
        price: number('price'),
        size: number('size'),
      }
    case 'quote':
      return {
        stream,
        ...place,
        ...common(at, at),
        bid: number('bid'),
        bidSize: number('bidSize'),
        ask: number('ask'),
        askSize: number('askSize'),
        source: text('source'),
      }
    case 'best':
      return {
        stream,
        ...place,
        ...common(at),
        bid: number('bid'),
        bidSize: number('bidSize'),
        bidExchange: text('bidExchange'),
        ask: number('ask'),
        askSize: number('askSize'),
        askExchange: text('askExchange'),
      }
    case 'candle': {
      const interval = text('interval')
      const length = lengthOf(interval)
      const openTime = number('openTime', (Math.floor(at / length) - 1) * length)
      const close = number('close')
      return {
        stream,
        ...place,
        ...common(Number.isNaN(openTime + length) ? at : openTime + length),
        interval,
        openTime,
        open: number('open'),
        high: number('high'),
        low: number('low'),
        close,
        volume: number('volume'),
        vwap: number('vwap'),
        trades: number('trades'),
        logReturn: number(
          'logReturn',
          returnOf(`${symbol} ${text('exchange')} ${interval}`, openTime, close, length, closes),
        ),
      }
    }
    case 'opportunity':
      return {
        stream,
        ...place,
        ...common(at),
        opportunityId: text('opportunityId'),
        kind: text('kind'),
        phase: text('phase'),
        buyExchange: text('buyExchange'),
        sellExchange: text('sellExchange'),
        grossBps: number('grossBps'),
        edgeBps: number('edgeBps'),
        size: number('size'),
        profit: number('profit'),
        durationMs: number('durationMs'),
        peakBps: number('peakBps'),
        reason: text('reason'),
      }
    case 'spread':
      return {
        stream,
        ...place,
        ...common(at),
        pair: text('pair'),
        alpha: number('alpha'),
        beta: number('beta'),
        z: number('z'),
        halfLife: number('halfLife'),
        cointT: number('cointT'),
      }
    case 'match':
      return {
        stream,
        ...place,
        ...common(at),
        ruleId: text('ruleId'),
        type: text('type'),
        phase: text('phase'),
        severity: text('severity'),
      }
    case 'gap':
      return {
        stream,
        ...place,
        ...common(at, at),
        reason: text('reason'),
        from: number('from'),
        to: number('to'),
        backfilled: truth('backfilled'),
      }
  }
}

const lengthOf = (interval: string | undefined): number =>
  interval === '1s' || interval === '1m' ? INTERVAL_MICROS[interval] : NaN

function returnOf(key: string, openTime: number, close: number, length: number, closes: Closes): number {
  const before = closes.get(key)
  closes.set(key, { openTime, close })
  const x = before !== undefined && before.openTime + length === openTime ? ln(close / before.close) : NaN
  return x - x === 0 ? x : NaN
}
