import type { Heartbeat } from './tick.ts'
import { MICROS_PER_SECOND, type Micros } from './time.ts'

/** A quote that its session's heartbeats have not confirmed for this long counts no more (architecture.md, The tick). */
export const CONFIRMATION_MICROS = 3 * MICROS_PER_SECOND

/** Whether a heartbeat ends its session's quotes until each is quoted again: DOWN, or too long after the one before. */
export const endsQuotes = ({ state }: Heartbeat, time: Micros, before: Micros | undefined): boolean =>
  state === 'DOWN' || (before !== undefined && time - before > CONFIRMATION_MICROS)
