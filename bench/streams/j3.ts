import type { Processor } from '../../core/processor.ts'
import { micros } from '../../core/time.ts'
import { EXCHANGES, SYMBOLS } from './events.ts'
import type { Sent } from './wire.ts'

/** What J3 reads of an event. */
export type J3Quote = { readonly symbol: number; readonly exchange: number; readonly bid: number; readonly ask: number }
/** One exchange's bid stands above another's ask by the fees of both. */
export type J3Match = { readonly symbol: number; readonly sell: number; readonly buy: number }

/** Last bid and ask of each symbol and exchange; NaN where there is none yet. */
export type J3State = { readonly bids: Float64Array; readonly asks: Float64Array }

const SELL = 0.9995
const BUY = 1.0005

/** Job J3 of arbitrage.md section 9: 376,207 matches in 2,000,000 events. */
export const j3 = (input: string, output: string): Processor<J3State, J3Quote & Sent, J3Match & Sent> => ({
  name: 'j3',
  codeVersion: 1,
  input,
  outputs: [output],
  horizon: 0,
  initial: () => ({
    bids: new Float64Array(SYMBOLS * EXCHANGES).fill(Number.NaN),
    asks: new Float64Array(SYMBOLS * EXCHANGES).fill(Number.NaN),
  }),
  step({ bids, asks }, { timestampMs, value: { symbol, exchange, bid, ask, sentAt } }, { emit }) {
    const row = symbol * EXCHANGES
    bids[row + exchange] = bid
    asks[row + exchange] = ask
    const match = (sell: number, buy: number): void =>
      emit({
        topic: output,
        key: String(symbol),
        time: micros(timestampMs * 1000),
        value: { symbol, sell, buy, sentAt },
      })
    for (let other = 0; other < EXCHANGES; other++) {
      if (other === exchange) continue
      // Comparisons with NaN, of an exchange without a quote, are false.
      if (bid * SELL > (asks[row + other] ?? Number.NaN) * BUY) match(exchange, other)
      if ((bids[row + other] ?? Number.NaN) * SELL > ask * BUY) match(other, exchange)
    }
  },
})
