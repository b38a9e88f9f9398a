import type { Side } from '../../core/tick.ts'
import type { Book } from './book.ts'
import type { Asset, Listing, Place } from './places.ts'

export type RouteLeg = { readonly book: Book; readonly side: Side }

/** A way round that ends in money worth what it began with, but for gaps: two exchanges, or three symbols of one. */
export type Route = {
  readonly kind: 'cross' | 'triangle'
  readonly legs: readonly RouteLeg[]
  /** What it begins and ends in; the same but for dollars of several kinds. */
  readonly from: Asset
  readonly to: Asset
}

/** Money of states and coins pegged to it: symbols of one base in any two of them are compared at the rate of the moment. */
const MONEY: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'EUR'])
/** A triangle is written from the first of these that it holds, else from the first by letter. */
const STARTS = ['USDT', 'USDC', 'USD', 'EUR', 'BTC', 'ETH']

/** What a route gains before fees, in basis points, by the quotes that stand. */
export function gainBps({ legs, from, to }: Route): number {
  let product = to.price / from.price
  for (const { book, side } of legs) product *= side === 'SELL' ? book.bid * book.unit : 1 / (book.ask * book.unit)
  return (product - 1) * 10_000
}

/** Every route through the places. */
export const routesOf = (places: readonly Place[]): readonly Route[] => [
  ...crossRoutes(places.flatMap(({ listings }) => listings)),
  ...places.flatMap(({ listings }) => triangleRoutes(listings)),
]

const crossRoutes = (listings: readonly Listing[]): readonly Route[] =>
  listings.flatMap((buy) =>
    listings
      .filter((sell) => isComparable(buy.book, sell.book))
      .map((sell) => ({
        kind: 'cross',
        legs: [leg(buy, 'BUY'), leg(sell, 'SELL')],
        from: buy.quote.asset,
        to: sell.quote.asset,
      })),
  )

function isComparable({ instrument: one }: Book, { instrument: other }: Book): boolean {
  if (one.exchange === other.exchange || one.base !== other.base) return false
  return one.quote === other.quote || (MONEY.has(one.quote) && MONEY.has(other.quote))
}

/** Both directions of each three symbols that join three assets. */
function triangleRoutes(listings: readonly Listing[]): readonly Route[] {
  return listings.flatMap((first, i) =>
    listings.slice(i + 1).flatMap((second, j) =>
      listings.slice(i + j + 2).flatMap((third) => {
        const three = [first, second, third]
        const assets = [...new Set(three.flatMap(({ book }) => [book.instrument.base, book.instrument.quote]))]
        const pairs = new Set(three.map(({ book }) => [book.instrument.base, book.instrument.quote].toSorted().join()))
        if (assets.length !== 3 || pairs.size !== 3) return []
        const [start, ...others] = startFirst(assets)
        return [others, others.toReversed()].flatMap((order) => directed(three, [start, ...order, start]))
      }),
    ),
  )
}

function directed(listings: readonly Listing[], stops: readonly (string | undefined)[]): readonly Route[] {
  const legs = stops.slice(1).flatMap((to, index) => {
    const from = stops[index]
    return listings.flatMap((one) => {
      const { base, quote } = one.book.instrument
      if (base === from && quote === to) return [leg(one, 'SELL')]
      return quote === from && base === to ? [leg(one, 'BUY')] : []
    })
  })
  const [start] = listings.flatMap(({ book, base, quote }) =>
    book.instrument.base === stops[0] ? [base.asset] : book.instrument.quote === stops[0] ? [quote.asset] : [],
  )
  return start === undefined ? [] : [{ kind: 'triangle', legs, from: start, to: start }]
}

function startFirst(assets: readonly string[]): readonly string[] {
  const rank = (asset: string): number => (STARTS.includes(asset) ? STARTS.indexOf(asset) : STARTS.length)
  return assets.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))
}

const leg = ({ book }: Listing, side: Side): RouteLeg => ({ book, side })
