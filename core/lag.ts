import { MICROS_PER_MINUTE, type Micros } from './time.ts'

/** The usual delay of an exchange is the least of this much of T. */
export const LAG_MEMORY = MICROS_PER_MINUTE

/**
 * Delays (receipt less the exchange's time, in microseconds: clocks differ, so they may be negative) of the last minute of T,
 * as a monotone queue from `head` on: each is below all that came after it. Changed in place; O(1) amortised.
 */
export type Delays = { readonly times: number[]; readonly delays: number[]; head: number }

export const noDelays = (): Delays => ({ times: [], delays: [], head: 0 })

/** Takes a delay; answers by how much it is above the least of the last minute, itself included: microseconds, 0 or more. */
export function takeDelay(window: Delays, now: Micros, delay: number): number {
  const { times, delays } = window
  while (delays.length > window.head && (delays.at(-1) ?? -Infinity) >= delay) {
    times.pop()
    delays.pop()
  }
  times.push(now)
  delays.push(delay)
  while ((times[window.head] ?? Infinity) <= now - LAG_MEMORY) window.head += 1
  if (window.head > 1024 && window.head * 2 > times.length) {
    times.splice(0, window.head)
    delays.splice(0, window.head)
    window.head = 0
  }
  return delay - (delays[window.head] ?? delay)
}
