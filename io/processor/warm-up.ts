import type { Logged } from '../../core/processor.ts'
import { MICROS_PER_MILLI, type Micros } from '../../core/time.ts'
import type { Offset, Ranges, Slot } from '../kafka/port.ts'
import type { TaskDeps } from './task.ts'

export type WarmUpDeps<In> = {
  readonly processor: { readonly horizon: number }
  readonly ranges: Pick<Ranges, 'bounds' | 'read' | 'atTime'>
  readonly read: TaskDeps<unknown, In, unknown>['read']
  readonly timeOf: (record: Logged<In>) => Micros
}

/** The last records may be of a producer whose clock is behind; the greatest time of this many is nearest to T. */
const LAST_RECORDS = 64

/**
 * Where a run must begin so that its outputs from `next` on are those of a run over the whole log: at a record whose T is at
 * or before T of the record before `next`, less the horizon; at the log's first record if there is none.
 *
 * T at a record is at most its stamp and at least its own time, so the records before the first one stamped above
 * (time of the last record - horizon) will do.
 */
export async function warmUpStart<In>(deps: WarmUpDeps<In>, slot: Slot, next: Offset): Promise<Offset> {
  const { processor, ranges, read, timeOf } = deps
  const { first } = await ranges.bounds(slot)
  if (next <= first) return first
  let last = -Infinity
  for await (const records of ranges.read(slot, Math.max(first, next - LAST_RECORDS), next)) {
    for (const one of (await read(slot, records, () => Promise.resolve(true))) ?? [])
      if (!('fault' in one)) last = Math.max(last, timeOf(one))
  }
  if (last === -Infinity) return first
  // Negative times mean the ends of the log to Kafka.
  const fromMs = Math.max(0, Math.floor((last - processor.horizon) / MICROS_PER_MILLI))
  const stampedAfter = await ranges.atTime(slot, fromMs)
  return Math.max(first, Math.min(stampedAfter, next) - 1)
}
