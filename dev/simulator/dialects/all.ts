import type { Dialect } from '../dialect.ts'
import type { SimulatedExchange } from '../exchanges.ts'
import { binance } from './binance.ts'
import { coinbase } from './coinbase.ts'
import { gate } from './gate.ts'
import { kraken } from './kraken.ts'
import { okx } from './okx.ts'

/** Every exchange's dialect. */
export const DIALECTS: Readonly<Record<SimulatedExchange, Dialect>> = { binance, coinbase, kraken, okx, gate }
