import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros, type Micros } from './time.ts'
import type { Logged } from './processor.ts'
import type { Tick } from './tick.ts'

/** Duplicates are remembered, and late records taken, for this long of T. */
export const MEMORY = 10 * MICROS_PER_MINUTE

/**
 * A record's time: our receipt, but never above the log's own stamp (whole milliseconds, hence the 999), so that a host whose
 * clock runs ahead cannot push a partition's clock into the future (architecture.md section 2, Clock).
 */
export const timeOf = ({ timestampMs, value }: Logged<Pick<Tick, 'receiveTime'>>): Micros =>
  micros(Math.min(value.receiveTime, timestampMs * MICROS_PER_MILLI + MICROS_PER_MILLI - 1))

/** Timestamp of a record that T caused, in milliseconds. */
export const stampOf = (now: Micros): number => Math.floor(now / MICROS_PER_MILLI)
