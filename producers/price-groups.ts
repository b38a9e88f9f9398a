import { parseSymbol } from '../core/symbol.ts'
import { MICROS_PER_MINUTE } from '../core/time.ts'
import type { Group, Price } from './quarantine.ts'

/** A currency's rate moves slowly, and an unchanged quote is not sent again. */
const OLDEST_RATE = 10 * MICROS_PER_MINUTE
const DOLLAR = 'USD'

/**
 * Prices that ought to be equal: of one base asset, in dollars where its currency is one of the conversion symbols, else of
 * one symbol. What cannot be valued now is in none. Perpetuals are apart, as their price may be.
 */
export function priceGroups(
  prices: readonly Price[],
  conversions: ReadonlySet<string>,
  isTrusted: (price: Price) => boolean,
  time: number,
): readonly Group[] {
  const rates = ratesOf(prices, conversions, isTrusted, time)
  const groups = new Map<string, Price[]>()
  for (const one of prices) {
    const place = placeOf(one, conversions, rates)
    if (place === undefined) continue
    const own = groups.get(place.name) ?? []
    own.push({ ...one, price: one.price * place.rate })
    groups.set(place.name, own)
  }
  return [...groups].map(([name, own]) => ({ name, prices: own }))
}

function placeOf(
  { symbol }: Price,
  conversions: ReadonlySet<string>,
  rates: ReadonlyMap<string, number>,
): { readonly name: string; readonly rate: number } | undefined {
  const parts = parseSymbol(symbol)
  if (parts === undefined || parts.perpetual || !(parts.quote === DOLLAR || conversions.has(pairOf(parts.quote))))
    return { name: symbol, rate: 1 }
  const rate = parts.quote === DOLLAR ? 1 : rates.get(pairOf(parts.quote))
  return rate === undefined ? undefined : { name: pairOf(parts.base), rate }
}

const pairOf = (asset: string): string => `${asset}-${DOLLAR}`

/** By conversion symbol, the median over the exchanges. */
function ratesOf(
  prices: readonly Price[],
  conversions: ReadonlySet<string>,
  isTrusted: (price: Price) => boolean,
  time: number,
): ReadonlyMap<string, number> {
  const usable = prices.filter((one) => conversions.has(one.symbol) && time - one.time <= OLDEST_RATE && isTrusted(one))
  return new Map(
    [...Map.groupBy(usable, ({ symbol }) => symbol)].map(([symbol, own]) => {
      const sorted = own.map(({ price }) => price).toSorted((a, b) => a - b)
      return [symbol, sorted[Math.floor(sorted.length / 2)] ?? 0]
    }),
  )
}
