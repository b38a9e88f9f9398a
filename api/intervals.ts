/** Lengths of candles in seconds. Seconds and minutes are records of the log; the others are made of minutes. */
export const INTERVALS = { '1s': 1, '1m': 60, '5m': 300, '15m': 900, '1h': 3600, '1d': 86_400 } as const
export type Interval = keyof typeof INTERVALS
export const INTERVAL_NAMES = ['1s', '1m', '5m', '15m', '1h', '1d'] as const satisfies readonly Interval[]
