import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros, type Micros } from './time.ts'
import type { Logged } from './processor.ts'
import type { Tick } from './tick.ts'

/** Duplicates are remembered, and late records taken, for this long of T. */
export const MEMORY = 10 * MICROS_PER_MINUTE
/**
 * A session is remembered this much longer: a repeat of a host whose clock is ahead carries the stamp of its second writing
 * as its time, up to what the host is ahead, and must be late by the time its session is forgotten.
 */
export const SESSION_MEMORY = MEMORY + MICROS_PER_MINUTE

/**
 * A record's time: our receipt, but never above the log's own stamp (whole milliseconds, hence the 999), so that a host whose
 * clock runs ahead cannot push a partition's clock into the future (architecture.md section 2, Clock).
 *
 * A Control record has none, which is 0 here: it governs from its place on and moves no clock. Its writer reads another clock
 * than what it governs: a recording that is played faster than it was made ends now, and began long ago.
 */
export const timeOf = ({ timestampMs, value }: Pick<Logged<Timed>, 'timestampMs' | 'value'>): Micros =>
  isTimeless(value)
    ? micros(0)
    : micros(Math.min(value.receiveTime, timestampMs * MICROS_PER_MILLI + MICROS_PER_MILLI - 1))

type Timed = Pick<Tick, 'receiveTime'> & { readonly payload: { readonly kind: string } }

/** Whether a record has no time of its own; it is never late either. */
export const isTimeless = ({ payload }: Pick<Timed, 'payload'>): boolean => payload.kind === 'control'

/** Timestamp of a record that T caused, in milliseconds. */
export const stampOf = (now: Micros): number => Math.floor(now / MICROS_PER_MILLI)
