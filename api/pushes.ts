import { MICROS_PER_MILLI, type Micros } from '../core/time.ts'
import type { Board } from './board.ts'
import type { Hub } from './hub.ts'
import { createQuantiles } from './quantiles.ts'

/** The longest a change waits for company: 40 messages a second are more than an eye can follow. */
const FLUSH_MS = 25
const EXPIRE_MS = 250
/** Above this many changes between two flushes the distribution is known well enough. */
const MAX_PENDING = 20_000

/** The clock of the fan-out, and its measure of the way from an exchange's frame to the sockets. */
export type Pushes = {
  /** A trade or quote came in whose frame was received at that time. */
  taken(receiveTime: Micros): void
  /** Figures since the last call. */
  figures(): Readonly<Record<string, number>>
  stop(): void
}

/**
 * Every tick counts until the flush that carries it or a newer one of its price, so conflated ones are not left out of
 * the figures.
 */
export function startPushes(deps: { readonly board: Board; readonly hub: Hub; readonly now: () => Micros }): Pushes {
  const { board, hub, now } = deps
  const durations = createQuantiles()
  let pending: Micros[] = []
  const flush = (): void => {
    const served = hub.flush(now())
    const sent = now()
    if (served > 0) for (const received of pending) durations.add((sent - received) / MICROS_PER_MILLI)
    pending = []
  }
  const flushes = setInterval(flush, FLUSH_MS)
  const expiries = setInterval(() => board.expire(now()), EXPIRE_MS)
  return {
    taken(receiveTime) {
      if (pending.length < MAX_PENDING && hub.subscribers() > 0) pending.push(receiveTime)
    },
    figures() {
      const figures: Record<string, number> =
        durations.count() === 0
          ? {}
          : { frameToPushP50Ms: durations.at(0.5), frameToPushP99Ms: durations.at(0.99), pushes: durations.count() }
      durations.reset()
      return figures
    },
    stop() {
      clearInterval(flushes)
      clearInterval(expiries)
    },
  }
}
