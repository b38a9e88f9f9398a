import { MICROS_PER_MINUTE, type Micros } from '../core/time.ts'
import type { Instrument } from './adapter.ts'
import { refusedSubscription, request, sendIfDue } from './deadlines.ts'
import { marketOf, type FeedOutput, type FeedState } from './feed-state.ts'
import { takeBack } from './session.ts'

/** How long the exchange may go on sending what was unsubscribed before it is a fault. */
const FAREWELL = MICROS_PER_MINUTE

/**
 * What the feed follows from now on, on the socket that it has. A symbol that goes is unsubscribed and its quote withdrawn,
 * so that nobody trades on a price that no one keeps. One that comes is subscribed; a DISCONNECT gap precedes its first
 * record, from its last trade or, if it never had one, from the session's beginning, where the START gap ends. The others
 * notice nothing. Mutates the state.
 */
export function follow(
  state: FeedState,
  out: FeedOutput[],
  time: Micros,
  instruments: readonly Instrument[],
  conversions: ReadonlySet<string>,
): void {
  const wanted = new Map(instruments.map((one) => [one.nativeSymbol, one]))
  const gone = [...state.markets.values()].filter(({ nativeSymbol, symbol, conversion }) => {
    const one = wanted.get(nativeSymbol)
    return one === undefined || one.symbol !== symbol || conversions.has(symbol) !== conversion
  })
  const { speaking } = state
  for (const market of gone) {
    if (speaking !== undefined) takeBack(state, speaking, market, out, time)
    state.markets.delete(market.nativeSymbol)
    state.former.set(market.nativeSymbol, { market, until: time + FAREWELL })
    refusedSubscription(state, market.nativeSymbol)
    state.refused.delete(market.nativeSymbol)
    state.beginning.delete(market.nativeSymbol)
  }
  const come = instruments.filter(({ nativeSymbol }) => !state.markets.has(nativeSymbol))
  for (const one of come) {
    const known = state.former.get(one.nativeSymbol)?.market
    state.former.delete(one.nativeSymbol)
    const market = marketOf(one, { ...state.settings, conversions })
    // What was emitted once is a repeat now as then, and since its last trade something is missing.
    const { ids, numbering, tradeSequence, tradeTime, missedFrom } = known?.symbol === one.symbol ? known : market
    state.markets.set(one.nativeSymbol, {
      ...market,
      ids,
      numbering,
      tradeSequence,
      tradeTime,
      missedFrom,
      lastData: time,
      staleUntil: time,
    })
  }
  const session = state.current
  if (session === undefined) return
  align(
    state,
    gone.map(({ nativeSymbol }) => nativeSymbol),
    come.map(({ nativeSymbol }) => nativeSymbol),
    time,
  )
  sendIfDue(state, session, out, time)
}

/** A socket that was asked for `asked` in its address opens: what changed since then. Mutates the state. */
export function catchUp(state: FeedState, asked: readonly string[], time: Micros): void {
  const before = new Set(asked)
  const now = new Set(state.markets.keys())
  align(state, [...before.difference(now)], [...now.difference(before)], time)
}

function align(state: FeedState, gone: readonly string[], come: readonly string[], time: Micros): void {
  const { adapter } = state.settings
  if (gone.length > 0) request(state, { frames: adapter.unsubscribe(gone), awaits: [] }, time)
  if (come.length > 0) request(state, adapter.subscribe(come), time)
}
