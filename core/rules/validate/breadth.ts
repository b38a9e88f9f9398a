import { MICROS_PER_SECOND } from '../../time.ts'
import type { Stream } from '../events.ts'

/** What is assumed of the log where a bound is reckoned (rules.md section 11). */
export type Breadth = {
  /** Of all that one key of these fields sees on the streams; of candles, if they are known to have one length, by it. */
  readonly eventsPerSecond: (streams: readonly Stream[], by: readonly string[], candleMicros?: number) => number
}

/** Of each exchange and symbol. */
const RATES: Readonly<Record<Stream, number>> = {
  trade: 50,
  quote: 200,
  best: 200,
  candle: 1,
  opportunity: 5,
  spread: 1,
  match: 1,
  gap: 1,
}

/** So many exchanges quote a symbol, and so many symbols an asset or pair has. */
export type Width = { readonly exchanges: number; readonly symbols: number }

/** Best quotes and spreads are of no single exchange. */
const ACROSS: ReadonlySet<Stream> = new Set(['best', 'spread', 'opportunity'])

export const breadthOf = ({ exchanges, symbols }: Width): Breadth => ({
  eventsPerSecond(streams, by, candleMicros = MICROS_PER_SECOND) {
    const ofSymbols = by.includes('symbol') || by.includes('pair') ? 1 : symbols
    return streams.reduce((sum, stream) => {
      const ofExchanges = by.includes('exchange') || ACROSS.has(stream) ? 1 : exchanges
      const rate = stream === 'candle' ? MICROS_PER_SECOND / candleMicros : RATES[stream]
      return sum + rate * ofExchanges * ofSymbols
    }, 0)
  },
})

/** Without a configuration at hand, and always where the rule runs: its bound must follow from the log alone. */
export const USUAL_BREADTH = breadthOf({ exchanges: 8, symbols: 4 })
