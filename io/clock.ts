import { micros, type Micros } from '../core/time.ts'

const origin = performance.timeOrigin

/**
 * The host's clock in microseconds. `Date.now()` says when, `performance.now()` adds the microseconds; a clock that was
 * set by more than 10 ms since the start is followed rather than the monotonic one.
 */
export function now(): Micros {
  const precise = origin + performance.now()
  const wall = Date.now()
  return micros(Math.round((Math.abs(precise - wall) > 10 ? wall : precise) * 1000))
}
