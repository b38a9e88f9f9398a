import type { Exchange } from '../../core/tick.ts'

/** The exchanges whose dialect the simulator speaks; the configuration may name others, which only run live. */
export const SIMULATED = ['binance', 'coinbase', 'kraken'] as const satisfies readonly Exchange[]
export type SimulatedExchange = (typeof SIMULATED)[number]
