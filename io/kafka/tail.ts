import { crc32 } from 'node:zlib'
import { PipelineError } from '../../core/errors.ts'
import type { Incoming, Offset, Ranges, Slot } from './port.ts'

/** Fingerprint of the last handled record: tells a truncated or re-created topic from the one that was read. */
export type Tail = { readonly timestampMs: number; readonly crc: number }

export const tailOf = ({ key, value, timestampMs }: Incoming): Tail => ({
  timestampMs,
  crc: crc32(value ?? '', crc32(key ?? '')),
})

/**
 * Whether a reader may go on at `next`, the record before it having had this tail; `where` says who asks.
 *
 * Throws LOG_CHANGED if the log is not the one that was read, LOG_TRIMMED if retention has passed unread records.
 */
export async function checkPosition(
  ranges: Pick<Ranges, 'bounds' | 'read'>,
  where: string,
  slot: Slot,
  next: Offset,
  tail: Tail | undefined,
): Promise<void> {
  const { first, end } = await ranges.bounds(slot)
  if (next > end) changed(where, `${next} is next, the log ends at ${end}`)
  if (next < first) {
    throw new PipelineError(
      'LOG_TRIMMED',
      `${where}: records ${next} to ${first - 1} are gone from the log and were not handled; crosstide reset starts anew`,
    )
  }
  // All was consumed, then trimmed: nothing to compare with, and nothing lost.
  if (tail === undefined || next === first) return
  const found = await recordAt(ranges, slot, next - 1)
  if (found === undefined) changed(where, `record ${next - 1} is not in the log`)
  const { timestampMs, crc } = tailOf(found)
  if (timestampMs !== tail.timestampMs || crc !== tail.crc) changed(where, `record ${next - 1} is another one`)
}

/** The record at an offset, `undefined` if compaction has removed it. */
export async function recordAt(
  ranges: Pick<Ranges, 'read'>,
  slot: Slot,
  offset: Offset,
): Promise<Incoming | undefined> {
  for await (const records of ranges.read(slot, offset, offset + 1)) {
    const found = records.find((record) => record.offset === offset)
    if (found !== undefined) return found
  }
  return undefined
}

function changed(where: string, what: string): never {
  throw new PipelineError(
    'LOG_CHANGED',
    `${where}: ${what}; the topic was truncated or made anew. Compare before anything is written: crosstide reset starts anew`,
  )
}
