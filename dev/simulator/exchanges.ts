import type { Exchange } from '../../core/tick.ts'

/** The exchanges whose dialect the simulator speaks: each that has an adapter, in the order of the adapters. */
export const SIMULATED = ['binance', 'coinbase', 'kraken', 'okx', 'gate'] as const satisfies readonly Exchange[]
export type SimulatedExchange = (typeof SIMULATED)[number]
