import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../core/time.ts'

const WINDOW = MICROS_PER_MINUTE
/** A sample each so long at most: a median needs no more, and a busy socket would bring thousands a second. */
const SPACING = 250 * MICROS_PER_MILLI
/** Beyond this, to either side, an exchange's clock (or ours) is off; back below the second it is right again. */
const SKEWED = 5 * MICROS_PER_SECOND
const RIGHT = 4 * MICROS_PER_SECOND
/** Fewer samples say nothing. */
const ENOUGH = 5

type Sample = { readonly time: number; readonly offset: number }

/**
 * How far our clock is ahead of an exchange's: the median of receive time minus the exchange's over a minute, the way of
 * the frame included. Large: mutated in place by {@link sampled}.
 */
export type ClockOffset = {
  /** By the time the server puts on its pongs, heartbeats and acknowledgements: nothing delays it but the way. */
  readonly server: Sample[]
  /** By the time of trades and quotes, which may be older than their frame. */
  readonly events: Sample[]
  skewed: boolean
}

export const noOffset = (): ClockOffset => ({ server: [], events: [], skewed: false })

/** Takes a time that an exchange said at our `time`. Mutates the offset. */
export function sampled({ server, events }: ClockOffset, of: 'server' | 'events', said: number, time: number): void {
  const samples = of === 'server' ? server : events
  const last = samples.at(-1)
  if (last !== undefined && time - last.time < SPACING && time >= last.time) return
  samples.push({ time, offset: time - said })
  while (samples[0] !== undefined && time - samples[0].time > WINDOW) samples.shift()
}

/** The offset in microseconds, by the server's own times where there are some; `undefined` without enough samples. */
export function offsetOf({ server, events }: ClockOffset, time: number): number | undefined {
  return median(server, time) ?? median(events, time)
}

/** Whether an episode of a clock that is off began or ended; `undefined` if neither. Mutates the offset. */
export function skewChange(clock: ClockOffset, time: number): 'begins' | 'ends' | undefined {
  const offset = offsetOf(clock, time)
  if (offset === undefined) return undefined
  const distance = Math.abs(offset)
  if (clock.skewed ? distance >= RIGHT : distance <= SKEWED) return undefined
  clock.skewed = !clock.skewed
  return clock.skewed ? 'begins' : 'ends'
}

function median(samples: readonly Sample[], time: number): number | undefined {
  const recent = samples.filter((one) => time - one.time <= WINDOW).map(({ offset }) => offset)
  if (recent.length < ENOUGH) return undefined
  const sorted = recent.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0
  return Math.round((lower + upper) / 2)
}
