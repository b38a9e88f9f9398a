import { micros, type Micros } from '../../core/time.ts'
import type { Book, QuoteEvent, TradesEvent } from './book.ts'
import { begin, type Effect, type EpisodeEvent, type EpisodeOrder } from './episodes.ts'
import { drawOrders, type Choices } from './fate.ts'
import { createGaps, judgeGaps, type GapEvent, type Gaps } from './gaps.ts'
import { assetModel, isPegged, type Instrument } from './instruments.ts'
import { createAssets, createPlaces, type Asset, type Place } from './places.ts'
import { movePrices, STEP_MICROS, stepVolatility, STEPS_PER_SECOND } from './prices.ts'
import { tradeBook, tradePlace } from './quoting.ts'
import { createRandom, type Random } from './random.ts'
import { routesOf } from './routes.ts'

export type MarketEvent = TradesEvent | QuoteEvent | EpisodeEvent | GapEvent

type Episode = {
  readonly id: number
  readonly order: EpisodeOrder
  readonly effect: Effect
  readonly from: number
  readonly until: number
}

/** Owned by {@link stepMarket}, which changes it in place; the same seed, start and steps give the same events. */
export type Market = {
  readonly random: Random
  /** Decides on episodes; `undefined`: nothing but what is ordered happens. */
  readonly fate: Random | undefined
  readonly choices: Choices
  readonly start: Micros
  step: number
  storm: boolean
  readonly assets: ReadonlyMap<string, Asset>
  readonly places: readonly Place[]
  readonly books: readonly Book[]
  readonly gaps: Gaps
  readonly episodes: Episode[]
  begun: number
}

export type MarketOptions = { readonly hasFate?: boolean }

/** A market at its start. Ids count on from the start's time, so a later run's lie above an earlier one's. */
export function createMarket(
  instruments: readonly Instrument[],
  seed: number,
  start: Micros,
  { hasFate = true }: MarketOptions = {},
): Market {
  const random = createRandom(seed)
  const assets = createAssets(instruments)
  const places = createPlaces(instruments, assets, start, random)
  const routes = routesOf(places)
  return {
    random,
    fate: hasFate ? createRandom(seed ^ 0x5f3759df) : undefined,
    choices: {
      // What hardly moves would be no gap but a depeg that the other symbols know nothing of.
      shared: routes.filter(
        ({ kind, legs: [leg] }) =>
          kind === 'cross' && leg !== undefined && assetModel(leg.book.instrument.base).volatility > 0.5,
      ),
      triangles: routes.filter(({ kind }) => kind === 'triangle'),
      places,
      pegged: [...assets.keys()].filter(isPegged),
    },
    start,
    step: 0,
    storm: false,
    assets,
    places,
    books: places.flatMap(({ listings }) => listings.map(({ book }) => book)),
    gaps: createGaps(routes),
    episodes: [],
    begun: 0,
  }
}

/** Time of the model: the start plus the steps taken. */
export const marketTime = (market: Market): Micros => micros(market.start + market.step * STEP_MICROS)

/** Lets time pass without trading, where the process itself stood still. */
export function skipSteps(market: Market, steps: number): void {
  market.step += steps
}

/** One step: prices move, and as many frames happen as `framesPerSecond` has in a step. */
export function stepMarket(market: Market, framesPerSecond: number, emit: (event: MarketEvent) => void): void {
  market.step += 1
  moveEpisodes(market, emit)
  const { random, storm, places, assets } = market
  movePrices([...assets.values()], places, stepVolatility(storm, framesPerSecond, market.books.length), random)
  const moment = { random, storm, time: marketTime(market) }
  // What a frozen exchange does not send the others do: the rate is the one that was asked for.
  const whole = places.reduce((sum, { isFrozen, manners }) => sum + (isFrozen ? 0 : manners.share), 0)
  for (const place of places) {
    const due = (framesPerSecond * place.manners.share) / whole / STEPS_PER_SECOND
    tradePlace(moment, place, due, STEPS_PER_SECOND, emit)
  }
  judgeGaps(market.gaps, emit)
}

/** Begins an episode with the next step; `false`: it cannot be now, because the like goes on, or at all. */
export function beginEpisode(market: Market, order: EpisodeOrder, emit: (event: EpisodeEvent) => void): boolean {
  const effect = begin(market, order)
  if (effect === undefined) return false
  market.begun += 1
  const steps = Math.max(1, Math.round((order.forMs * 1000) / STEP_MICROS))
  const id = market.begun
  market.episodes.push({ id, order, effect, from: market.step, until: market.step + steps })
  emit({ kind: 'episode', state: 'OPEN', episode: id, order, time: marketTime(market) })
  return true
}

/** The next trades of a book, numbered and remembered. */
export const drawTrades = (market: Market, book: Book, count: number): TradesEvent =>
  tradeBook({ random: market.random, storm: market.storm, time: marketTime(market) }, book, count)

function moveEpisodes(market: Market, emit: (event: MarketEvent) => void): void {
  const { episodes, fate, choices } = market
  for (const { effect, from, until } of episodes) {
    if (market.step < until) effect.move?.((market.step - from) / (until - from))
  }
  for (const episode of episodes.filter(({ until }) => until <= market.step)) {
    const { id, order, effect } = episode
    episodes.splice(episodes.indexOf(episode), 1)
    effect.end()
    emit({ kind: 'episode', state: 'CLOSE', episode: id, order, time: marketTime(market) })
  }
  if (fate === undefined) return
  for (const order of drawOrders(fate, choices)) {
    if (!isTooMuch(market, order)) beginEpisode(market, order, emit)
  }
}

/** The seed lets only one of what concerns a whole exchange or dollar happen at a time, and nothing where all stands still. */
function isTooMuch({ episodes, places }: Market, order: EpisodeOrder): boolean {
  if (order.do === 'depeg' || order.do === 'freeze')
    return episodes.some(({ order: other }) => other.do === 'depeg' || other.do === 'freeze')
  return 'exchange' in order && places.some(({ exchange, isFrozen }) => isFrozen && exchange === order.exchange)
}
