import type { Exchange } from '../core/tick.ts'
import type { Adapter } from './adapter.ts'
import { binance } from './binance.ts'
import { coinbase2021 } from './coinbase-2021.ts'
import { coinbase } from './coinbase.ts'
import { gate } from './gate.ts'
import { krakenV1 } from './kraken-v1.ts'
import { kraken } from './kraken.ts'
import { okx } from './okx.ts'

/** Every exchange's adapter. */
export const ADAPTERS: Readonly<Record<Exchange, Adapter>> = { binance, coinbase, kraken, okx, gate }

/** Older dialects, only ever recorded: an exchange that changes its protocol moves to another address. */
const RECORDED: readonly Adapter[] = [coinbase2021, krakenV1]

/** The adapter whose dialect an address speaks, `undefined` if there is none. */
export function adapterOf(address: string): Adapter | undefined {
  const plain = plainAddress(address)
  return [...Object.values(ADAPTERS), ...RECORDED].find(({ addresses }) =>
    addresses.some((one) => plainAddress(one) === plain),
  )
}

/** Without query. */
export const plainAddress = (address: string): string => (address.split('?')[0] ?? '').replace(/\/$/, '')
