import type { Side } from '../../core/tick.ts'
import type { SimulatedExchange } from './exchanges.ts'
import { micros, type Micros } from '../../core/time.ts'
import {
  createBook,
  nextTrade,
  quoteOf,
  setTop,
  type Book,
  type QuoteEvent,
  type SimulatedTrade,
  type TradesEvent,
} from './book.ts'
import { assetModel, type AssetModel, type Instrument } from './instruments.ts'
import { MANNERS, type Manners } from './manners.ts'
import { bell, createRandom, type Random } from './random.ts'

/** One step of the model; frames are paced in steps too. */
export const STEP_MICROS = 5000

/** Ground truth: one exchange's price of a symbol leaves the others' by `bps`, or comes back. */
export type OpportunityEvent = {
  readonly kind: 'opportunity'
  readonly book: Book
  readonly state: 'OPEN' | 'CLOSE'
  readonly id: number
  readonly bps: number
  readonly time: Micros
}
export type MarketEvent = TradesEvent | QuoteEvent | OpportunityEvent

/** Owned by {@link stepMarket}, which changes it in place; the same seed, start and steps give the same events. */
export type Market = {
  readonly random: Random
  readonly start: Micros
  step: number
  storm: boolean
  readonly assets: readonly Asset[]
  readonly places: readonly Place[]
  readonly books: readonly Book[]
  readonly open: { readonly book: Book; readonly id: number; readonly bps: number; readonly until: number }[]
  opened: number
}

/** Price in US dollars of an asset, the same for all exchanges. */
type Asset = { readonly model: AssetModel; price: number }
/** What one exchange believes an asset is worth: the price of a moment ago, with noise. */
type View = { readonly asset: Asset; price: number; noise: number }
type Place = {
  readonly manners: Manners
  readonly share: number
  readonly picks: readonly Listing[]
  readonly views: readonly View[]
  due: number
}
type Listing = { readonly book: Book; readonly base: View; readonly quote: View }

const PICKS = 512
const STEPS_PER_SECOND = 1_000_000 / STEP_MICROS
/** About three times the volatility of a usual day, so that a viewer sees prices move. */
const STEP_VOLATILITY = 2.5e-4 / Math.sqrt(STEPS_PER_SECOND)
const STORM_FACTOR = 3.5
const STORM_BEGINS = 1 / (60 * STEPS_PER_SECOND)
const STORM_ENDS = 1 / (15 * STEPS_PER_SECOND)
/** Pull back to the first price: a simulator left running for a month must not drift to nonsense. */
const PULL = 1 / (6 * 3600 * STEPS_PER_SECOND)
const OPPORTUNITY_BEGINS = 1 / (15 * STEPS_PER_SECOND)

/** A market at its start. Ids count on from the start's time, so a later run's lie above an earlier one's. */
export function createMarket(instruments: readonly Instrument[], seed: number, start: Micros): Market {
  const random = createRandom(seed)
  const assets = new Map<string, Asset>()
  for (const name of instruments.flatMap(({ base, quote }) => [base, quote])) {
    const model = assetModel(name)
    if (!assets.has(name)) assets.set(name, { model, price: model.price })
  }
  const exchanges = [...new Set(instruments.map(({ exchange }) => exchange))]
  const whole = exchanges.reduce((sum, exchange) => sum + MANNERS[exchange].share, 0)
  const places = exchanges.map((exchange) => createPlace(exchange, instruments, assets, start, random, whole))
  const books = places.flatMap(({ picks }) => [...new Set(picks.map(({ book }) => book))])
  const market: Market = {
    random,
    start,
    step: 0,
    storm: false,
    assets: [...assets.values()],
    places,
    books,
    open: [],
    opened: 0,
  }
  return market
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
  movePrices(market)
  moveOpportunities(market, emit)
  for (const place of market.places) {
    place.due += (framesPerSecond * place.share) / STEPS_PER_SECOND
    while (place.due >= 1) {
      const listing = place.picks[Math.floor(market.random() * place.picks.length)]
      if (listing === undefined) return
      place.due -= happen(market, place, listing, emit)
    }
  }
}

/** The next trades of a book, numbered and remembered. */
export function drawTrades(market: Market, book: Book, count: number): TradesEvent {
  const { random } = market
  const side: Side = random() < 0.5 ? 'BUY' : 'SELL'
  const eventTime = nextTime(market, book)
  const trades: SimulatedTrade[] = []
  for (let i = 0; i < count; i += 1) trades.push(nextTrade(book, random, side, i, eventTime))
  return { kind: 'trades', book, trades }
}

function happen(market: Market, place: Place, listing: Listing, emit: (event: MarketEvent) => void): number {
  const { random } = market
  const { manners } = place
  const follows = manners.tickerFollowsTrade
  if (!follows && random() >= manners.trades) {
    emit(moveQuote(market, place, listing))
    return 1
  }
  // The book moves, then trades, then the ticker says both.
  if (follows) moveQuote(market, place, listing)
  emit(drawTrades(market, listing.book, random() < manners.severalTrades ? 2 + Math.floor(random() * 2) : 1))
  if (!follows) return 1
  emit(quoteOf(listing.book))
  return 2
}

function movePrices(market: Market): void {
  const { random } = market
  market.storm = market.storm ? random() >= STORM_ENDS : random() < STORM_BEGINS
  const scale = STEP_VOLATILITY * (market.storm ? STORM_FACTOR : 1)
  const factor = bell(random)
  for (const asset of market.assets) {
    const { volatility, beta, price } = asset.model
    if (volatility === 0) continue
    const own = volatility * volatility - beta * beta
    const move = scale * (beta * factor + Math.sqrt(own > 0.01 ? own : volatility * volatility * 0.2) * bell(random))
    asset.price *= 1 + move + PULL * (price / asset.price - 1)
  }
  for (const { views, manners } of market.places) {
    for (const view of views) {
      view.price += (view.asset.price - view.price) * manners.follow
      const own = view.asset.model.volatility
      if (own > 0) view.noise += -0.02 * view.noise + manners.noiseBps * 1e-4 * Math.min(1, own) * bell(random)
    }
  }
}

function moveOpportunities(market: Market, emit: (event: MarketEvent) => void): void {
  const { random, open } = market
  const time = marketTime(market)
  for (let i = open.length - 1; i >= 0; i -= 1) {
    const one = open[i]
    if (one === undefined || one.until > market.step) continue
    open.splice(i, 1)
    one.book.shift = 0
    emit({ kind: 'opportunity', book: one.book, state: 'CLOSE', id: one.id, bps: one.bps, time })
    show(market, one.book, emit)
  }
  if (random() >= OPPORTUNITY_BEGINS) return
  const book = market.books[Math.floor(random() * market.books.length)]
  if (book === undefined || book.shift !== 0 || !isTradedElsewhere(market, book)) return
  const bps = Math.round((random() < 0.5 ? -1 : 1) * (60 + 190 * random()))
  const until = market.step + Math.round((1 + 5 * random()) * STEPS_PER_SECOND)
  market.opened += 1
  book.shift = bps * 1e-4
  open.push({ book, id: market.opened, bps, until })
  emit({ kind: 'opportunity', book, state: 'OPEN', id: market.opened, bps, time })
  show(market, book, emit)
}

/** A price that jumps is seen at once: somebody's order made it jump. */
function show(market: Market, book: Book, emit: (event: MarketEvent) => void): void {
  for (const place of market.places) {
    const listing = place.picks.find((one) => one.book === book)
    if (listing !== undefined) place.due -= happen(market, place, listing, emit)
  }
}

const isTradedElsewhere = (market: Market, { instrument }: Book): boolean =>
  assetModel(instrument.base).volatility > 0.5 &&
  market.books.some(
    (other) => other.instrument.symbol === instrument.symbol && other.instrument.exchange !== instrument.exchange,
  )

function moveQuote(market: Market, { manners }: Place, { book, base, quote }: Listing): QuoteEvent {
  const { random } = market
  const mid = ((base.price * (1 + base.noise)) / (quote.price * (1 + quote.noise))) * (1 + book.shift)
  const width = manners.spreadBps * 1e-4 * (market.storm ? 2 : 1) * (0.7 + 0.6 * random())
  setTop(book, random, mid, mid * width, nextTime(market, book))
  return quoteOf(book)
}

/** Exchange time: the present less what the exchange and the network need; never back within a symbol. */
function nextTime(market: Market, book: Book): Micros {
  const { lagMicros } = MANNERS[book.instrument.exchange]
  const time = marketTime(market) - Math.round(lagMicros * (0.6 + 0.8 * market.random()))
  return time > book.lastTime ? micros(time) : book.lastTime
}

function createPlace(
  exchange: SimulatedExchange,
  instruments: readonly Instrument[],
  assets: ReadonlyMap<string, Asset>,
  start: Micros,
  random: Random,
  whole: number,
): Place {
  const manners = MANNERS[exchange]
  const views = new Map(
    [...assets].map(([name, asset]): [string, View] => [name, { asset, price: asset.price, noise: 0 }]),
  )
  const listings = instruments
    .filter((instrument) => instrument.exchange === exchange)
    .flatMap((instrument) => {
      const [base, quote] = [views.get(instrument.base), views.get(instrument.quote)]
      return base === undefined || quote === undefined
        ? []
        : [{ book: createBook(instrument, start, random), base, quote }]
    })
  const weights = listings.reduce((sum, { book }) => sum + book.instrument.weight, 0)
  const picks = listings.flatMap((listing) =>
    Array.from({ length: Math.max(1, Math.round((PICKS * listing.book.instrument.weight) / weights)) }, () => listing),
  )
  return { manners, share: manners.share / whole, picks, views: [...views.values()], due: 0 }
}
