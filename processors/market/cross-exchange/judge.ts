import type { ArbitrageConfig } from '../../../core/arbitrage/config.ts'
import { buyRate, sellRate, type RateTop } from '../../../core/arbitrage/conversion.ts'
import { boughtOf, costOf, edgeBpsOf, floorLot, grossBpsOf, proceedsOf } from '../../../core/arbitrage/edge.ts'
import type { Found } from '../../../core/arbitrage/life.ts'
import { GUARDS, type Guard } from '../../../core/opportunity.ts'
import { downAt, expiryOf, faultOf, isDown, type Ages, type Expiry, type StandingQuote } from '../../../core/quotes.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros, type Micros } from '../../../core/time.ts'
import type { Member, Route, StandingRate, Value } from './routes.ts'

/** A Rate older than this converts nothing. */
export const RATE_AGE = MICROS_PER_MINUTE

/** The configuration in force, and its ages in microseconds. */
export type InForce = { readonly epoch: number; readonly config: ArbitrageConfig; readonly ages: Ages }

/** A leg as it was evaluated. */
export type LegFound = {
  readonly quote: StandingQuote
  readonly rate: number
  /** What stands at the touch, in base units of the opportunity. */
  readonly available: number
}

/** A route whose quotes and rates hold. */
export type CrossFound = Found & {
  readonly buy: LegFound
  readonly sell: LegFound
  readonly grossBps: number
  readonly notional: number
  /** Sizes are given, and size, profit and notional are not below the least. */
  readonly isDeep: boolean
}

export const inForce = (epoch: number, config: ArbitrageConfig): InForce => ({
  epoch,
  config,
  ages: { maxAge: config.maxAgeMs * MICROS_PER_MILLI, maxQuoteAge: config.maxQuoteAgeMs * MICROS_PER_MILLI },
})

/** The edge alone, of quotes that may not hold; NaN where a rate is missing. Most evaluations end here. */
export function edgeOf({ buy, sell, isConverted }: Route): number {
  const buyAt = isConverted ? (rateOf(buy.value, true) ?? NaN) : 1
  const sellAt = isConverted ? (rateOf(sell.value, false) ?? NaN) : 1
  return edgeBpsOf(costOf(buy.top.ask, buyAt, buy.law), proceedsOf(sell.top.bid, sellAt, sell.law))
}

/** The first guard that fails, but for `depth`, which counts after the edge; else what the route gives now. */
export function judge(route: Route, now: Micros, force: InForce): Guard | CrossFound {
  const { buy, sell, isConverted } = route
  const fault = firstFault(faultOf(buy.quote, now, force.ages), faultOf(sell.quote, now, force.ages))
  if (fault !== undefined) return fault
  if (isLagging(buy.quote.lagMs, sell.quote.lagMs, force.config)) return 'lag'
  if (isConverted && !(isValued(buy.value, now) && isValued(sell.value, now))) return 'rate'
  const buyAt = isConverted ? rateOf(buy.value, true) : 1
  const sellAt = isConverted ? rateOf(sell.value, false) : 1
  return buyAt === undefined || sellAt === undefined ? 'rate' : measure(route, buyAt, sellAt)
}

/** When a route that holds will fail a guard if nothing comes; of equal times the first guard in order. */
export function routeExpiry({ buy, sell, isConverted }: Route, { ages }: InForce): Expiry {
  const legs = earlier(expiryOf(buy.quote, ages), expiryOf(sell.quote, ages))
  if (!isConverted) return legs
  return [buy.value, sell.value].reduce((first, value) => {
    const rate = slotRate(value)
    if (rate === undefined) return first
    const at = Math.min(downAt(rate), rate.time + RATE_AGE)
    return earlier(first, { at: micros(at), guard: 'rate' })
  }, legs)
}

function measure({ buy, sell, lot, amounts }: Route, buyAt: number, sellAt: number): CrossFound {
  const { ask, askSize } = buy.top
  const { bid, bidSize } = sell.top
  const cost = costOf(ask, buyAt, buy.law)
  const proceeds = proceedsOf(bid, sellAt, sell.law)
  const isSized = askSize !== undefined && bidSize !== undefined
  const size = isSized ? floorLot(Math.min(boughtOf(askSize, buy.law), bidSize, amounts.cap / cost), lot) : 0
  const profit = size * (proceeds - cost) - amounts.transferCost
  const isEnough = isTaken(buy, size, ask, buy.quote.bid) && isTaken(sell, size, bid, sell.quote.ask)
  return {
    buy: { quote: buy.quote, rate: buyAt, available: askSize ?? 0 },
    sell: { quote: sell.quote, rate: sellAt, available: bidSize ?? 0 },
    grossBps: grossBpsOf(ask * buyAt, bid * sellAt),
    edgeBps: edgeBpsOf(cost, proceeds),
    size,
    notional: size * cost,
    profit,
    isDeep: size > 0 && isEnough && profit >= amounts.minProfit,
  }
}

/**
 * Whether the exchange takes an order of this size, in its own units. Of an inverse symbol these are B of B-A: buying A there
 * sells B at its bid, selling A buys B at its ask, which is `unturned`.
 */
function isTaken({ law, terms }: Member, size: number, price: number, unturned: number): boolean {
  if (!law.isInverse) return size >= terms.minQty && size * price >= terms.minNotional
  const own = floorLot(size * price, terms.lot)
  return own >= terms.minQty && own * unturned >= terms.minNotional
}

const rank = (guard: Guard): number => GUARDS.indexOf(guard)

function firstFault(one: Guard | undefined, other: Guard | undefined): Guard | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return rank(one) <= rank(other) ? one : other
}

const earlier = (one: Expiry, other: Expiry): Expiry =>
  other.at < one.at || (other.at === one.at && rank(other.guard) < rank(one.guard)) ? other : one

/** Unknown lags are skipped: the exchange gives no time. */
function isLagging(
  one: number | undefined,
  other: number | undefined,
  { maxLagMs, maxSkewMs }: ArbitrageConfig,
): boolean {
  if ((one ?? 0) > maxLagMs || (other ?? 0) > maxLagMs) return true
  return one !== undefined && other !== undefined && Math.abs(one - other) > maxSkewMs
}

const slotRate = (value: Member['value']): StandingRate | undefined =>
  value === undefined || value === 'none' ? undefined : value.slot.rate

function isValued(value: Member['value'], now: Micros): boolean {
  if (value === undefined) return true
  const rate = slotRate(value)
  if (rate === undefined || rate.isWithdrawn || isDown(rate, now)) return false
  return rate.bid > 0 && rate.bid <= rate.ask && now - rate.time < RATE_AGE
}

function rateOf(value: Value | 'none', isBuying: boolean): number | undefined {
  if (value === undefined) return 1
  if (value === 'none') return undefined
  const { rate, fee } = value.slot
  if (rate === undefined || fee === undefined) return undefined
  const top: RateTop = { bid: rate.bid, ask: rate.ask, fee }
  return isBuying ? buyRate(top, value.conversion.isTurned) : sellRate(top, value.conversion.isTurned)
}
