import type { Micros } from '../../core/time.ts'
import { createBook, type Book } from './book.ts'
import type { SimulatedExchange } from './exchanges.ts'
import { assetModel, type AssetModel, type Instrument } from './instruments.ts'
import { MANNERS, type Manners } from './manners.ts'
import type { Random } from './random.ts'

/** An asset's price in US dollars, the same for all exchanges: where it has walked to, times what a depeg takes off. */
export type Asset = { readonly model: AssetModel; walked: number; depeg: number; price: number }
/** What one exchange believes an asset is worth: the price of a moment ago, with noise. */
export type View = { readonly asset: Asset; price: number; noise: number }
export type Listing = { readonly book: Book; readonly base: View; readonly quote: View }

/** One exchange's part of the market; changed in place. */
export type Place = {
  readonly exchange: SimulatedExchange
  readonly manners: Manners
  readonly listings: readonly Listing[]
  /** The listings, each as often as its weight says: drawn from at random. */
  readonly picks: readonly Listing[]
  readonly views: readonly View[]
  /** Frames not sent yet; below 0: sent in advance. */
  due: number
  isFrozen: boolean
  /** Where a burst of trading goes on. */
  burst: Listing | undefined
}

const PICKS = 512

export function createAssets(instruments: readonly Instrument[]): ReadonlyMap<string, Asset> {
  const names = new Set(instruments.flatMap(({ base, quote }) => [base, quote]))
  return new Map([...names].map((name): [string, Asset] => [name, assetOf(assetModel(name))]))
}

export const createPlaces = (
  instruments: readonly Instrument[],
  assets: ReadonlyMap<string, Asset>,
  start: Micros,
  random: Random,
): readonly Place[] =>
  [...new Set(instruments.map(({ exchange }) => exchange))].map((exchange) => {
    const own = instruments.filter((instrument) => instrument.exchange === exchange)
    return createPlace(exchange, own, assets, start, random)
  })

/** What a book's middle would be if all the world agreed. */
export const fairMid = ({ book, base, quote }: Listing): number =>
  (base.asset.price / quote.asset.price) * (1 + book.shift)

const assetOf = (model: AssetModel): Asset => ({ model, walked: model.price, depeg: 0, price: model.price })

function createPlace(
  exchange: SimulatedExchange,
  instruments: readonly Instrument[],
  assets: ReadonlyMap<string, Asset>,
  start: Micros,
  random: Random,
): Place {
  const views = new Map(
    [...assets].map(([name, asset]): [string, View] => [name, { asset, price: asset.price, noise: 0 }]),
  )
  const listings = instruments.flatMap((instrument) => {
    const [base, quote] = [views.get(instrument.base), views.get(instrument.quote)]
    return base === undefined || quote === undefined
      ? []
      : [{ book: createBook(instrument, start, random), base, quote }]
  })
  const weights = listings.reduce((sum, { book }) => sum + book.instrument.weight, 0)
  const picks = listings.flatMap((listing) =>
    Array.from({ length: Math.max(1, Math.round((PICKS * listing.book.instrument.weight) / weights)) }, () => listing),
  )
  return {
    exchange,
    manners: MANNERS[exchange],
    listings,
    picks,
    views: [...views.values()],
    due: 0,
    isFrozen: false,
    burst: undefined,
  }
}
