import type { SimulatedExchange } from './exchanges.ts'

/** How an exchange differs from the others. */
export type Manners = {
  readonly share: number
  /** Share of the frames. */
  readonly trades: number
  /** Coinbase sends a ticker with each match, the others one with each change of the top. */
  readonly tickerFollowsTrade: boolean
  readonly follow: number
  readonly lagMicros: number
  readonly spreadBps: number
  readonly noiseBps: number
  readonly severalTrades: number
}

export const MANNERS: Readonly<Record<SimulatedExchange, Manners>> = {
  binance: {
    share: 0.5,
    trades: 0.125,
    tickerFollowsTrade: false,
    follow: 0.5,
    lagMicros: 8000,
    spreadBps: 0.5,
    noiseBps: 0.1,
    severalTrades: 0,
  },
  coinbase: {
    share: 0.2,
    trades: 0.5,
    tickerFollowsTrade: true,
    follow: 0.2,
    lagMicros: 25_000,
    spreadBps: 1,
    noiseBps: 0.25,
    severalTrades: 0.2,
  },
  kraken: {
    share: 0.3,
    trades: 0.125,
    tickerFollowsTrade: false,
    follow: 0.1,
    lagMicros: 18_000,
    spreadBps: 2,
    noiseBps: 0.3,
    severalTrades: 0.15,
  },
  okx: {
    share: 0.3,
    trades: 0.125,
    tickerFollowsTrade: false,
    follow: 0.4,
    lagMicros: 12_000,
    spreadBps: 0.6,
    noiseBps: 0.15,
    severalTrades: 0.1,
  },
  gate: {
    share: 0.2,
    trades: 0.2,
    tickerFollowsTrade: false,
    follow: 0.15,
    lagMicros: 22_000,
    spreadBps: 1.5,
    noiseBps: 0.3,
    severalTrades: 0,
  },
}
