import type { EpisodeOrder } from './episodes.ts'
import { STEPS_PER_SECOND } from './prices.ts'
import type { Place } from './places.ts'
import type { Random } from './random.ts'
import type { Route } from './routes.ts'

/** Seconds between two episodes of a kind, on average. */
const EVERY_SECONDS = {
  'price-gap': 15,
  triangle: 30,
  burst: 45,
  storm: 60,
  depeg: 600,
  freeze: 600,
} as const satisfies Readonly<Record<EpisodeOrder['do'], number>>

/** What seeded episodes choose from. */
export type Choices = {
  /** Books that other exchanges have too: a gap of theirs is one. */
  readonly shared: readonly Route[]
  readonly triangles: readonly Route[]
  readonly places: readonly Place[]
  readonly pegged: readonly string[]
}

/**
 * What the seed orders in this step. It draws from numbers of its own, so that the same seed brings the same episodes at
 * whatever rate of frames.
 */
export function drawOrders(fate: Random, choices: Choices): readonly EpisodeOrder[] {
  const orders: EpisodeOrder[] = []
  if (isDue(fate, 'price-gap')) orders.push(...priceGap(fate, choices))
  if (isDue(fate, 'triangle')) orders.push(...triangle(fate, choices))
  if (isDue(fate, 'burst')) orders.push(...burst(fate, choices))
  if (isDue(fate, 'storm')) orders.push({ do: 'storm', forMs: between(fate, 5000, 25_000) })
  if (isDue(fate, 'depeg')) {
    const [bps, forMs] = [between(fate, 50, 400), between(fate, 40_000, 120_000)]
    const asset = oneOf(fate, choices.pegged)
    if (asset !== undefined) orders.push({ do: 'depeg', asset, bps, forMs })
  }
  if (isDue(fate, 'freeze')) {
    const forMs = between(fate, 5000, 15_000)
    const place = oneOf(fate, choices.places)
    // A market of one exchange would stand still.
    if (place !== undefined && choices.places.length > 1) orders.push({ do: 'freeze', exchange: place.exchange, forMs })
  }
  return orders
}

function priceGap(fate: Random, { shared }: Choices): readonly EpisodeOrder[] {
  const bps = between(fate, 60, 250) * (fate() < 0.5 ? -1 : 1)
  const forMs = between(fate, 1000, 6000)
  const instrument = oneOf(fate, shared)?.legs[0]?.book.instrument
  if (instrument === undefined) return []
  return [{ do: 'price-gap', exchange: instrument.exchange, symbol: instrument.symbol, bps, forMs }]
}

function triangle(fate: Random, { triangles }: Choices): readonly EpisodeOrder[] {
  const [bps, forMs] = [between(fate, 45, 150), between(fate, 1000, 6000)]
  const route = oneOf(fate, triangles)
  // By the symbol of its middle leg, which the fewest triangles share.
  const instrument = route?.legs[1]?.book.instrument
  if (instrument === undefined) return []
  return [{ do: 'triangle', exchange: instrument.exchange, symbol: instrument.symbol, bps, forMs }]
}

function burst(fate: Random, { places }: Choices): readonly EpisodeOrder[] {
  const forMs = between(fate, 2000, 10_000)
  const place = oneOf(fate, places)
  const instrument = place === undefined ? undefined : oneOf(fate, place.picks)?.book.instrument
  if (instrument === undefined) return []
  return [{ do: 'burst', exchange: instrument.exchange, symbol: instrument.symbol, forMs }]
}

const isDue = (fate: Random, kind: EpisodeOrder['do']): boolean => fate() < 1 / (EVERY_SECONDS[kind] * STEPS_PER_SECOND)

const between = (fate: Random, least: number, most: number): number => Math.round(least + fate() * (most - least))

const oneOf = <One>(fate: Random, all: readonly One[]): One | undefined => all[Math.floor(fate() * all.length)]
