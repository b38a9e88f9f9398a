import { fractionOf } from '../../../core/arbitrage/edge.ts'
import type { ControlSet } from '../../../core/control-set.ts'
import type { QuoteTable, StandingQuote } from '../../../core/quotes.ts'
import type { Timers } from '../../../core/timers.ts'
import type { InForce } from './judge.ts'
import { connect, costsOf, feeBpsOf, memberOf, type Due, type Member, type RateSlot, type Route } from './routes.ts'

/** Large state, changed in place; routes, members and quotes refer to each other. */
export type CrossState = {
  readonly controls: ControlSet
  force: InForce | undefined
  readonly table: QuoteTable
  /** By conversion symbol. */
  readonly slots: Map<string, RateSlot>
  /** By exchange, then by symbol: what can be evaluated by the configuration in force. */
  readonly members: Map<string, Map<string, Member>>
  /** In the order that gives ordinals. */
  routes: readonly Route[]
  timers: Timers<Due>
}

export const initialState = (): CrossState => ({
  controls: new Map(),
  force: undefined,
  table: new Map(),
  slots: new Map(),
  members: new Map(),
  routes: [],
  timers: [],
})

export const memberAt = ({ members }: CrossState, exchange: string, symbol: string): Member | undefined =>
  members.get(exchange)?.get(symbol)

export function slotAt(state: CrossState, symbol: string): RateSlot {
  let slot = state.slots.get(symbol)
  if (slot === undefined) {
    slot = { symbol, rate: undefined, fee: undefined }
    state.slots.set(symbol, slot)
  }
  return slot
}

/** What the exchange that gave the Rate takes for it. */
export function priceRate({ force }: CrossState, slot: RateSlot): void {
  const costs = force === undefined || slot.rate === undefined ? undefined : costsOf(force.config, slot.rate.exchange)
  slot.fee = costs === undefined ? undefined : fractionOf(feeBpsOf(costs, slot.symbol))
}

/** A symbol's first quote: from now on it is compared with the others. */
export function admit(state: CrossState, quote: StandingQuote): Member | undefined {
  const member = enlist(state, quote)
  if (member !== undefined) link(state)
  return member
}

/** Puts a configuration in force, or none: nothing of before lives on. */
export function putInForce(state: CrossState, force: InForce | undefined): void {
  state.force = force
  state.members.clear()
  state.routes = []
  state.timers = []
  for (const slot of state.slots.values()) priceRate(state, slot)
  for (const { quotes } of state.table.values()) for (const quote of quotes.values()) enlist(state, quote)
  link(state)
}

function enlist(state: CrossState, quote: StandingQuote): Member | undefined {
  const { force, members } = state
  const member = force && memberOf(quote, force.config, (symbol) => slotAt(state, symbol))
  if (member === undefined) return undefined
  const symbols = members.get(member.exchange) ?? new Map<string, Member>()
  members.set(member.exchange, symbols.set(member.symbol, member))
  return member
}

function link(state: CrossState): void {
  const all = [...state.members.values()].flatMap((symbols) => [...symbols.values()])
  state.routes = state.force === undefined ? [] : connect(all, state.force.config)
}
