import { parseSymbol } from '../../core/symbol.ts'
import { SIMULATED, type SimulatedExchange } from './exchanges.ts'
import type { Config } from '../../io/config.ts'

/** What is traded under one symbol at one exchange. */
export type Instrument = {
  readonly exchange: SimulatedExchange
  readonly symbol: string
  readonly base: string
  readonly quote: string
  readonly priceDecimals: number
  readonly sizeDecimals: number
  /** Share of the exchange's frames, relative to its other symbols. */
  readonly weight: number
}

/** How an asset behaves: US dollars at the start, volatility relative to BTC, part of it that is the market's. */
export type AssetModel = {
  readonly price: number
  readonly volatility: number
  readonly beta: number
  readonly weight: number
}

const PEGGED = { volatility: 0.02, beta: 0, weight: 1 }

const ASSETS: ReadonlyMap<string, AssetModel> = new Map([
  ['USD', { price: 1, volatility: 0, beta: 0, weight: 1 }],
  ['USDT', { price: 0.9996, ...PEGGED }],
  ['USDC', { price: 1.0001, ...PEGGED }],
  ['EUR', { price: 1.1534, volatility: 0.1, beta: 0, weight: 1 }],
  ['BTC', { price: 91_200, volatility: 1, beta: 1, weight: 10 }],
  ['ETH', { price: 3050, volatility: 1.3, beta: 1.2, weight: 7 }],
  ['SOL', { price: 138, volatility: 1.7, beta: 1.3, weight: 4 }],
  ['XRP', { price: 2.15, volatility: 1.6, beta: 1.1, weight: 3 }],
  ['BNB', { price: 890, volatility: 1.1, beta: 0.9, weight: 2 }],
  ['DOGE', { price: 0.152, volatility: 1.9, beta: 1.3, weight: 2 }],
  ['ADA', { price: 0.421, volatility: 1.7, beta: 1.2, weight: 1.5 }],
  ['LINK', { price: 12.9, volatility: 1.7, beta: 1.2, weight: 1.5 }],
  ['AVAX', { price: 13.8, volatility: 1.8, beta: 1.2, weight: 1 }],
  ['LTC', { price: 84.2, volatility: 1.4, beta: 1, weight: 1 }],
  ['DOT', { price: 2.35, volatility: 1.8, beta: 1.2, weight: 1 }],
  ['TRX', { price: 0.278, volatility: 0.9, beta: 0.6, weight: 1 }],
])

/** Whether an asset is a dollar of a kind, which may lose its peg. */
export const isPegged = (asset: string): boolean => asset !== 'USD' && DOLLARS.has(asset)

/** Model of an asset; one we do not know is a small coin around ten dollars. */
export const assetModel = (asset: string): AssetModel =>
  ASSETS.get(asset) ?? { price: 10, volatility: 2, beta: 1, weight: 0.5 }

/** Cross symbols trade far less than the dollar ones. */
const CROSS_WEIGHT = 0.2
const DOLLARS: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC'])

/** Every symbol of the configuration, by exchange. */
export const instrumentsOf = (config: Pick<Config, 'exchanges'>): readonly Instrument[] =>
  SIMULATED.flatMap((exchange) =>
    (config.exchanges[exchange]?.symbols ?? []).flatMap((symbol) => {
      const parts = parseSymbol(symbol)
      return parts === undefined || parts.perpetual ? [] : [instrument(exchange, symbol, parts.base, parts.quote)]
    }),
  )

function instrument(exchange: SimulatedExchange, symbol: string, base: string, quote: string): Instrument {
  const { price, weight } = assetModel(base)
  const magnitude = Math.floor(Math.log10(price / assetModel(quote).price))
  return {
    exchange,
    symbol,
    base,
    quote,
    priceDecimals: Math.min(8, Math.max(exchange === 'binance' || exchange === 'coinbase' ? 2 : 1, 4 - magnitude)),
    sizeDecimals: sizeDecimals(exchange, Math.floor(Math.log10(price))),
    weight: weight * (DOLLARS.has(quote) ? 1 : CROSS_WEIGHT),
  }
}

/** Binance has coarse lots, the others eight decimals; cheap coins fewer, so that a size keeps below 15 digits. */
function sizeDecimals(exchange: SimulatedExchange, magnitude: number): number {
  if (exchange === 'binance') return Math.min(5, Math.max(0, magnitude + 1))
  return magnitude >= 0 ? 8 : Math.max(0, 5 + magnitude)
}
