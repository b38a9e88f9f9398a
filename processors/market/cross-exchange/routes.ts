import type { Amounts, ArbitrageConfig, ExchangeCosts, SymbolTerms } from '../../../core/arbitrage/config.ts'
import { conversionOf, type Conversion } from '../../../core/arbitrage/conversion.ts'
import { fractionOf, turned, type FeeLaw, type Top } from '../../../core/arbitrage/edge.ts'
import type { Entity } from '../../../core/arbitrage/life.ts'
import type { Standing, StandingQuote } from '../../../core/quotes.ts'
import type { CloseReason } from '../../../core/opportunity.ts'
import { parseSymbol } from '../../../core/symbol.ts'
import type { Micros } from '../../../core/time.ts'
import type { CrossFound } from './judge.ts'

/** The last Rate of a conversion symbol. */
export type StandingRate = Standing & { readonly exchange: string; readonly bid: number; readonly ask: number }
/** Where it stands; `fee` is what its exchange takes, `undefined` if nobody says. */
export type RateSlot = { readonly symbol: string; rate: StandingRate | undefined; fee: number | undefined }

/** How a leg's quote asset becomes the numeraire; `undefined` slot: it is the numeraire. */
export type Value = { readonly conversion: Conversion; readonly slot: RateSlot } | undefined

/** One exchange's symbol with what it costs there; its quote is replaced in place. */
export type Member = {
  readonly exchange: string
  readonly symbol: string
  /** Of the opportunity: the other way round in an inverse symbol. */
  readonly base: string
  readonly quoteAsset: string
  readonly isPerpetual: boolean
  readonly law: FeeLaw
  readonly feeBps: number
  readonly terms: SymbolTerms
  readonly isRestricted: boolean
  /** In the numeraire; 'none' where no configured symbol converts. */
  readonly value: Value | 'none'
  quote: StandingQuote
  /** The quote, turned if the symbol is an inverse. */
  top: Top
  /** It buys or sells on these, in their order. */
  routes: readonly Route[]
}

/** Buy here, sell there; `entity` is what lives on it now. */
export type Route = {
  readonly buy: Member
  readonly sell: Member
  readonly isConverted: boolean
  /** What amounts are in, and their bounds. */
  readonly currency: string
  readonly amounts: Amounts
  readonly lot: number
  /** Its place in the order of all routes. */
  rank: number
  entity: Entity<CrossFound> | undefined
  /** The first timer that is set for it. */
  due: Due | undefined
}

/** Kinds of timers, in the order in which they run at equal times. */
export const DUE = { open: 0, expiry: 1, ttl: 2 } as const
/** A moment of T at which something happens on a route if no record changes it; `reason` if it ends. */
export type Due = { readonly at: Micros; readonly kind: number; readonly reason: CloseReason; readonly route: Route }

const NO_TERMS: SymbolTerms = { lot: 0, minQty: 0, minNotional: 0 }

/** A symbol that can be evaluated; `undefined`: its exchange has no costs, or it is no symbol. */
export function memberOf(
  quote: StandingQuote,
  config: ArbitrageConfig,
  slotOf: (symbol: string) => RateSlot,
): Member | undefined {
  const { exchange, symbol } = quote
  const costs = costsOf(config, exchange)
  const parts = parseSymbol(symbol)
  if (costs === undefined || parts === undefined) return undefined
  const isInverse = config.inverses.includes(symbol)
  const quoteAsset = isInverse ? parts.base : parts.quote
  const feeBps = feeBpsOf(costs, symbol)
  const { numeraire, conversions } = config
  const conversion = conversionOf(quoteAsset, numeraire, conversions)
  const value = conversion === undefined ? 'none' : { conversion, slot: slotOf(conversion.symbol) }
  return {
    exchange,
    symbol,
    base: isInverse ? parts.quote : parts.base,
    quoteAsset,
    isPerpetual: parts.perpetual,
    law: { fee: fractionOf(feeBps), feeIn: costs.feeIn, isInverse },
    feeBps,
    terms: costs.symbols[symbol] ?? NO_TERMS,
    isRestricted: costs.restricted,
    value: quoteAsset === numeraire ? undefined : value,
    quote,
    top: topOf(quote, isInverse),
    routes: [],
  }
}

export const topOf = (quote: StandingQuote, isInverse: boolean): Top => (isInverse ? turned(quote) : quote)

export const feeBpsOf = ({ takerFeeBps, symbols }: ExchangeCosts, symbol: string): number =>
  symbols[symbol]?.takerFeeBps ?? takerFeeBps

/** Own members only: an exchange's name is text from outside. */
export const costsOf = ({ exchanges }: ArbitrageConfig, exchange: string): ExchangeCosts | undefined =>
  Object.hasOwn(exchanges, exchange) ? exchanges[exchange] : undefined

/**
 * All routes among members, in the order that gives ordinals: by buying exchange and symbol, then selling ones. Those that were
 * there go on, with what lives on them. About as many steps as there are routes.
 */
export function connect(members: readonly Member[], config: ArbitrageConfig): readonly Route[] {
  const sorted = members.toSorted(byName)
  const byBase = Map.groupBy(sorted, ({ base }) => base)
  const routes = sorted.flatMap((buy) =>
    (byBase.get(buy.base) ?? [])
      .filter((sell) => isComparable(buy, sell))
      .map((sell) => buy.routes.find((one) => one.buy === buy && one.sell === sell) ?? routeOf(buy, sell, config)),
  )
  const own = new Map(sorted.map((member): [Member, Route[]] => [member, []]))
  for (const [rank, route] of routes.entries()) {
    route.rank = rank
    own.get(route.buy)?.push(route)
    own.get(route.sell)?.push(route)
  }
  for (const [member, its] of own) member.routes = its
  return routes
}

const isComparable = (one: Member, other: Member): boolean =>
  one.exchange !== other.exchange &&
  one.base === other.base &&
  one.isPerpetual === other.isPerpetual &&
  (one.quoteAsset === other.quoteAsset || (one.value !== 'none' && other.value !== 'none'))

function routeOf(buy: Member, sell: Member, config: ArbitrageConfig): Route {
  const isConverted = buy.quoteAsset !== sell.quoteAsset
  const { numeraire, currencies, cap, minProfit, transferCost } = config
  const currency = isConverted ? numeraire : buy.quoteAsset
  const isOwn = currency !== numeraire && Object.hasOwn(currencies, currency)
  const own = isOwn ? currencies[currency] : undefined
  return {
    buy,
    sell,
    isConverted,
    currency,
    amounts: own ?? { cap, minProfit, transferCost },
    // An inverse symbol's lot is in other units: it is tested, not rounded to.
    lot: Math.max(buy.law.isInverse ? 0 : buy.terms.lot, sell.law.isInverse ? 0 : sell.terms.lot),
    rank: 0,
    entity: undefined,
    due: undefined,
  }
}

function byName(one: Member, other: Member): number {
  if (one.exchange !== other.exchange) return one.exchange < other.exchange ? -1 : 1
  return one.symbol < other.symbol ? -1 : 1
}
