import type { Exchange } from '../core/tick.ts'
import type { Adapter } from './adapter.ts'
import { binance } from './binance.ts'
import { coinbase } from './coinbase.ts'
import { kraken } from './kraken.ts'

/** Every exchange's adapter. */
export const ADAPTERS: Readonly<Record<Exchange, Adapter>> = { binance, coinbase, kraken }

/** The adapter whose dialect an address speaks, `undefined` if there is none. */
export function adapterOf(address: string): Adapter | undefined {
  const plain = (address.split('?')[0] ?? '').replace(/\/$/, '')
  return Object.values(ADAPTERS).find((adapter) => adapter.addresses.includes(plain))
}
