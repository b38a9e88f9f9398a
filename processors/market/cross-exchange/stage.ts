import { ARBITRAGE_DOCUMENT, MOST_HOLD_MS, MOST_QUOTE_AGE_MS, MOST_TTL_MS } from '../../../core/arbitrage/config.ts'
import { LAG_MEMORY } from '../../../core/lag.ts'
import type { Stage } from '../../../core/processor.ts'
import { lifeOf, takeGap, takeHeartbeat, takeQuote, withdraw } from '../../../core/quotes.ts'
import type { Quote, Rate } from '../../../core/tick.ts'
import { MICROS_PER_MILLI } from '../../../core/time.ts'
import type { MarketEvent } from '../events.ts'
import { takeDocument } from './control.ts'
import { RATE_AGE } from './judge.ts'
import { evaluate, look, runTimers, type Step } from './lifecycle.ts'
import { topOf, type Member, type Route } from './routes.ts'
import { admit, initialState, memberAt, priceRate, slotAt, type CrossState } from './state.ts'

/**
 * What a record of an opportunity depends on, beyond the sieves and the repeats of the control documents (arbitrage.md
 * section 4): a ttl back to the last cut, and there the age of quotes, of the usual delay and of Rates, and the hold.
 */
export const CROSS_HORIZON = (MOST_TTL_MS + MOST_QUOTE_AGE_MS + MOST_HOLD_MS) * MICROS_PER_MILLI + LAG_MEMORY + RATE_AGE

/**
 * Opportunities between exchanges, for what the configuration in the log says; without one nothing is evaluated. Timers run
 * before the record that carries T past them; then the record changes the quotes, then the routes it touches are evaluated in
 * their order.
 */
export const crossExchange: Stage<CrossState, MarketEvent, MarketEvent> = {
  initial: initialState,
  step(state, event, effects) {
    if (event.kind !== 'tick') return
    const step: Step = { state, event, effects, candidates: 0 }
    runTimers(step)
    const { tick } = event
    const { payload } = tick
    switch (payload.kind) {
      case 'quote':
        return quoted(step, payload)
      case 'rate':
        return rated(step, payload)
      case 'heartbeat':
        takeHeartbeat(state.table, event, payload)
        return touch(step, (route) => isOfExchange(route, tick.exchange), true)
      case 'gap':
        return missed(step)
      case 'control':
        if (payload.documentId === ARBITRAGE_DOCUMENT) takeDocument(step, payload)
        return
      case 'trade':
    }
  },
}

function quoted(step: Step, payload: Quote): void {
  const { state, event } = step
  const quote = takeQuote(state.table, event, payload, event.isFlagged)
  if (state.force === undefined) return
  let member = memberAt(state, quote.exchange, quote.symbol)
  if (member === undefined) {
    member = admit(state, quote)
    if (member === undefined) return
  } else {
    member.quote = quote
    member.top = topOf(quote, member.law.isInverse)
  }
  for (const route of member.routes) evaluate(step, route)
}

function rated(step: Step, { bid, ask }: Rate): void {
  const { state, event } = step
  const { tick, offset, time } = event
  const slot = slotAt(state, tick.symbol)
  const life = lifeOf(state.table, event)
  slot.rate = { life, offset, time, isWithdrawn: false, exchange: tick.exchange, bid, ask }
  priceRate(state, slot)
  touch(step, (route) => isValuedBy(route, tick.symbol))
}

function missed(step: Step): void {
  const { state, event } = step
  const { exchange, symbol } = event.tick
  takeGap(state.table, event)
  const life = lifeOf(state.table, event)
  for (const { rate, symbol: own } of state.slots.values()) {
    if (rate?.exchange === exchange && (symbol === '' || symbol === own)) withdraw(rate, life)
  }
  if (symbol === '') return touch(step, (route) => isOfExchange(route, exchange))
  const isLeg = (leg: Member): boolean => leg.exchange === exchange && leg.symbol === symbol
  touch(step, (route) => isLeg(route.buy) || isLeg(route.sell) || isValuedBy(route, symbol))
}

/** Evaluates the routes that are touched; a heartbeat lets every open one look whether its last record has grown old. */
function touch(step: Step, isTouched: (route: Route) => boolean, isBeat = false): void {
  for (const route of step.state.routes) {
    if (isTouched(route)) evaluate(step, route)
    else if (isBeat && route.entity !== undefined) look(step, route, route.entity)
  }
}

const isOfExchange = ({ buy, sell, isConverted }: Route, exchange: string): boolean =>
  buy.exchange === exchange ||
  sell.exchange === exchange ||
  (isConverted && [buy, sell].some(({ value }) => typeof value === 'object' && value.slot.rate?.exchange === exchange))

const isValuedBy = ({ buy, sell, isConverted }: Route, symbol: string): boolean =>
  isConverted && [buy, sell].some(({ value }) => typeof value === 'object' && value.slot.symbol === symbol)
