import type { Micros } from '../../core/time.ts'
import type { SimulatedExchange } from './exchanges.ts'
import type { Market } from './market.ts'
import type { Listing, Place } from './places.ts'
import { BURST_SIZE } from './quoting.ts'
import { gainBps, type RouteLeg } from './routes.ts'

/** What happens to the market beside its usual ways; begun by the seed or a script. */
export type EpisodeOrder = { readonly forMs: number } &
  /** One book's price leaves the other exchanges'. */
  (
    | { readonly do: 'price-gap'; readonly exchange: SimulatedExchange; readonly symbol: string; readonly bps: number }
    /** Three symbols of one exchange disagree by `bps` in all; without a symbol the first three. */
    | {
        readonly do: 'triangle'
        readonly exchange: SimulatedExchange
        readonly symbol?: string | undefined
        readonly bps: number
      }
    /** An asset loses `bps` within a quarter of the time and finds back in the last half, at all exchanges and in all symbols alike. */
    | { readonly do: 'depeg'; readonly asset: string; readonly bps: number }
    /** An exchange sends neither trades nor quotes; heartbeats and pongs go on. */
    | { readonly do: 'freeze'; readonly exchange: SimulatedExchange }
    /** Half of an exchange's frames are one symbol's, most of them trades, and large. */
    | { readonly do: 'burst'; readonly exchange: SimulatedExchange; readonly symbol: string }
    /** Prices move three and a half times as much as usual. */
    | { readonly do: 'storm' }
  )

/** What was ordered, as it happens. */
export type EpisodeEvent = {
  readonly kind: 'episode'
  readonly state: 'OPEN' | 'CLOSE'
  readonly episode: number
  readonly order: EpisodeOrder
  readonly time: Micros
}

/** How an order acts: what ends it, and what it does on its way from 0 to 1. */
export type Effect = { readonly end: () => void; readonly move?: (part: number) => void }

/** Begins what is ordered; `undefined`: it cannot be, now or at all. */
export function begin(market: Market, order: EpisodeOrder): Effect | undefined {
  switch (order.do) {
    case 'price-gap': {
      const listing = listingOf(market, order.exchange, order.symbol)
      return listing === undefined ? undefined : shift([listing.book], [order.bps * 1e-4])
    }
    case 'triangle': {
      const legs = triangleOf(market, order.exchange, order.symbol)
      // Each leg gains its third: what is sold costs more, what is bought costs less.
      const third = (order.bps * 1e-4) / 3
      const shifts = legs?.map(({ side }) => (side === 'SELL' ? third : -third)) ?? []
      return legs === undefined
        ? undefined
        : shift(
            legs.map(({ book }) => book),
            shifts,
          )
    }
    case 'depeg': {
      const asset = market.assets.get(order.asset)
      if (asset === undefined || asset.depeg !== 0) return undefined
      return {
        move(part) {
          asset.depeg = -order.bps * 1e-4 * Math.min(1, part * 4, (1 - part) * 2)
        },
        end() {
          asset.depeg = 0
        },
      }
    }
    case 'freeze': {
      const place = placeOf(market, order.exchange)
      if (place === undefined || place.isFrozen) return undefined
      place.isFrozen = true
      return {
        end() {
          place.isFrozen = false
        },
      }
    }
    case 'burst':
      return burst(placeOf(market, order.exchange), order.symbol)
    case 'storm':
      if (market.storm) return undefined
      market.storm = true
      return {
        end() {
          market.storm = false
        },
      }
  }
}

function shift(books: readonly Listing['book'][], shifts: readonly number[]): Effect | undefined {
  if (books.some((book) => book.shift !== 0)) return undefined
  for (const [index, book] of books.entries()) book.shift = shifts[index] ?? 0
  return {
    end() {
      for (const book of books) book.shift = 0
    },
  }
}

function burst(place: Place | undefined, symbol: string): Effect | undefined {
  const listing = place?.listings.find(({ book }) => book.instrument.symbol === symbol)
  if (place === undefined || listing === undefined || place.burst !== undefined) return undefined
  place.burst = listing
  listing.book.appetite = BURST_SIZE
  return {
    end() {
      place.burst = undefined
      listing.book.appetite = 1
    },
  }
}

/** The legs of a triangle in the direction that gains more already, so that an episode is seen. */
function triangleOf(
  { gaps }: Market,
  exchange: SimulatedExchange,
  symbol: string | undefined,
): readonly RouteLeg[] | undefined {
  const found = gaps.routes.filter(
    ({ kind, legs }) =>
      kind === 'triangle' &&
      legs[0]?.book.instrument.exchange === exchange &&
      (symbol === undefined || legs.some(({ book }) => book.instrument.symbol === symbol)),
  )
  const [first, second] = found
  if (first === undefined || second === undefined) return undefined
  return (gainBps(first) >= gainBps(second) ? first : second).legs
}

const placeOf = ({ places }: Market, exchange: SimulatedExchange): Place | undefined =>
  places.find((place) => place.exchange === exchange)

const listingOf = (market: Market, exchange: SimulatedExchange, symbol: string): Listing | undefined =>
  placeOf(market, exchange)?.listings.find(({ book }) => book.instrument.symbol === symbol)
