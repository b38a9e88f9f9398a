import type { OpenTick } from '../../core/arrivals.ts'
import { timeOf } from '../../core/partition-clock.ts'
import type { Logged } from '../../core/processor.ts'
import { micros, type Micros } from '../../core/time.ts'

/**
 * T at each record of a log of ticks, worked out from the whole log at once: the greatest time of the records up to it that are
 * the first of their coordinate.
 */
export function ticksClock(log: readonly Logged<OpenTick>[]): readonly Micros[] {
  const seen = new Set<string>()
  let now = 0
  return log.map((record) => {
    const { exchange, session, ordinal } = record.value
    const coordinate = `${exchange} ${session} ${ordinal}`
    if (!seen.has(coordinate)) now = Math.max(now, timeOf(record))
    seen.add(coordinate)
    return micros(now)
  })
}
