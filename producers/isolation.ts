import type { Quote, Trade } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { FeedOutput, FeedState, Market } from './feed-state.ts'
import { leaveSession } from './session.ts'

/** The middle of a wider quote says nothing of what a coin is worth. */
const WIDEST = 1.1

/** Remembers what a symbol was last worth. Mutates the market. */
export function observe(market: Market, payload: Trade | Quote, time: Micros): void {
  if (payload.kind === 'quote' && payload.ask > payload.bid * WIDEST) return
  market.price = payload.kind === 'trade' ? payload.price : (payload.bid + payload.ask) / 2
  market.priceAt = time
}

/**
 * Takes a symbol into quarantine, or out of it. In it its quote is withdrawn, and each entry is a fault whose dead letter
 * keeps the raw frame: it may be told afterwards what it was, and replayed. Out of it a DISCONNECT gap from its last trade
 * precedes its first record, because what came meanwhile is not on the log. Mutates the state.
 */
export function quarantine(
  state: FeedState,
  out: FeedOutput[],
  time: Micros,
  nativeSymbol: string,
  isQuarantined: boolean,
): void {
  const market = state.markets.get(nativeSymbol)
  if (market === undefined) return
  market.isQuarantined = isQuarantined
  if (state.speaking === undefined) market.session = undefined
  else leaveSession(state, state.speaking, market, out, time)
}
