import type { SimulatedExchange } from '../exchanges.ts'
import { binancePast } from './binance.ts'
import { coinbasePast } from './coinbase.ts'
import { gatePast } from './gate.ts'
import { krakenPast } from './kraken.ts'
import { okxPast } from './okx.ts'
import type { PastTrades } from './past.ts'

export const PAST: Readonly<Record<SimulatedExchange, PastTrades>> = {
  binance: binancePast,
  coinbase: coinbasePast,
  kraken: krakenPast,
  okx: okxPast,
  gate: gatePast,
}
