import { compareOrigins } from '../core/origin-sieve.ts'
import type { Origin } from '../core/processor.ts'
import type { Incoming, Offset, Ranges, Slot } from '../io/kafka/port.ts'
import type { Live } from './replay-compare.ts'
import type { Range } from './replay-range.ts'

/** Reads the origins of derived records, one answer per record; also told the schemas of what it reads. */
export type OriginsOf = (records: readonly Incoming[]) => Promise<readonly (Origin | undefined)[]>

/** The outputs of one (processor, input partition) on an output partition, first copies only, of a range of origins. */
export type LiveOutputs = {
  /** Resolves when {@link LiveOutputs.peek} is right: a batch was read, or there is none left. */
  fill(): Promise<void>
  /** The next output that nobody took; `undefined` and `isOver`: there is none in the range. */
  peek(): Live | undefined
  take(): void
  isOver(): boolean
  /** Own records that were repeats by their origin, so far. */
  repeats(): number
  /** Whether an own output beyond the range was seen: then all of the range's are on the log. */
  isPassed(): boolean
  /** A record of this origin from here to the end of what is on the log, repeat or not. */
  find(origin: Origin): Promise<Live | undefined>
}

/**
 * Reads an output partition from `start` on. Repeats are dropped by the sieve of origins, as every reader does; the highest
 * origin before `start` need not be known, since outputs before the range are none of ours.
 */
export async function openLive(
  deps: { readonly log: Pick<Ranges, 'bounds' | 'read'>; readonly originsOf: OriginsOf },
  own: Pick<Origin, 'processor' | 'partition'>,
  slot: Slot,
  { from, to }: Range,
  start: Offset,
): Promise<LiveOutputs> {
  const { end } = await deps.log.bounds(slot)
  const batches = deps.log.read(slot, start, end)[Symbol.asyncIterator]()
  let found: Live[] = []
  let at = 0
  let over = start >= end
  let passed = false
  let repeats = 0
  let highest: Origin | undefined

  async function ownOf(records: readonly Incoming[]): Promise<readonly Live[]> {
    const origins = await deps.originsOf(records)
    return records.flatMap(({ offset, key, value, timestampMs }, index) => {
      const origin = origins[index]
      const isOwn = origin?.processor === own.processor && origin.partition === own.partition
      return isOwn ? [{ offset, key, value, timestampMs, origin }] : []
    })
  }

  function sieve(live: Live): void {
    const { origin } = live
    if (highest !== undefined && compareOrigins(origin, highest) <= 0) {
      if (origin.offset >= from && origin.offset < to) repeats += 1
      return
    }
    highest = origin
    if (origin.offset >= to) passed = true
    else if (origin.offset >= from) found.push(live)
  }

  return {
    async fill() {
      while (at >= found.length && !over) {
        const { done, value } = await batches.next()
        found = []
        at = 0
        if (done === true) over = true
        else for (const live of await ownOf(value)) sieve(live)
        // First copies ascend: after one beyond the range there is none of it.
        if (passed) over = true
      }
    },
    peek: () => found[at],
    take: () => void (at += 1),
    isOver: () => at >= found.length && over,
    repeats: () => repeats,
    isPassed: () => passed,
    async find(origin) {
      for await (const records of deps.log.read(slot, start, end))
        for (const live of await ownOf(records)) if (compareOrigins(live.origin, origin) === 0) return live
      return undefined
    },
  }
}
