import { crc32 } from 'node:zlib'
import { PipelineError } from '../core/errors.ts'
import { slotName, type Incoming, type Offset, type Ranges, type Slot } from '../io/kafka/port.ts'
import type { Database } from './database.ts'

/** Fingerprint of the last handled record: tells a truncated or re-created topic from the one that was read. */
export type Tail = { readonly timestampMs: number; readonly crc: number }

export const tailOf = ({ key, value, timestampMs }: Incoming): Tail => ({
  timestampMs,
  crc: crc32(value ?? '', crc32(key ?? '')),
})

/** A move of a consumer's offset row, `from` being the value last stored there. */
export type Move = {
  readonly consumer: string
  readonly slot: Slot
  readonly from: Offset
  readonly to: Offset
  readonly tail: Tail | undefined
}

/** First part of every sink's statement: nothing else happens unless the row still stands at `from`. Parameters 1 to 7. */
export const MOVED = `moved as (
  update ingest.offsets set next_offset = $5, tail_timestamp = $6, tail_crc = $7, updated_at = now()
   where consumer = $1 and topic = $2 and part = $3 and next_offset = $4
  returning part
)`

export const moveValues = ({ consumer, slot, from, to, tail }: Move): readonly (string | number | null)[] => [
  consumer,
  slot.topic,
  slot.partition,
  from,
  to,
  tail?.timestampMs ?? null,
  tail?.crc ?? null,
]

type Row = {
  readonly next_offset: string
  readonly tail_timestamp: string | null
  readonly tail_crc: string | null
}

/**
 * Where a sink goes on in a slot: its offset row, made at the log's first record if there is none.
 *
 * Throws LOG_CHANGED if the log is not the one that was read, LOG_TRIMMED if retention has passed unread records.
 */
export async function resume(
  deps: { readonly database: Database; readonly ranges: Pick<Ranges, 'bounds' | 'read'> },
  consumer: string,
  slot: Slot,
): Promise<Offset> {
  const { first, end } = await deps.ranges.bounds(slot)
  const key = [consumer, slot.topic, slot.partition]
  await deps.database.query({
    text: 'insert into ingest.offsets (consumer, topic, part, next_offset) values ($1, $2, $3, $4) on conflict do nothing',
    values: [...key, first],
  })
  const { rows } = await deps.database.query<Row>({
    text: 'select next_offset, tail_timestamp, tail_crc from ingest.offsets where consumer = $1 and topic = $2 and part = $3',
    values: key,
  })
  const row = rows[0]
  if (row === undefined) throw new TypeError(`no offset row of ${consumer} on ${slotName(slot)}`)
  const next = Number(row.next_offset)
  const tail =
    row.tail_timestamp === null || row.tail_crc === null
      ? undefined
      : { timestampMs: Number(row.tail_timestamp), crc: Number(row.tail_crc) }

  const where = `${consumer} on ${slotName(slot)}`
  if (next > end) changed(where, `the offset row says ${next}, the log ends at ${end}`)
  if (next < first) {
    throw new PipelineError(
      'LOG_TRIMMED',
      `${where}: records ${next} to ${first - 1} are gone from the log and were not stored; crosstide reset starts anew`,
    )
  }
  // All was consumed, then trimmed: nothing to compare with, and nothing lost.
  if (tail === undefined || next === first) return next
  const found = await recordAt(deps.ranges, slot, next - 1)
  if (found === undefined) changed(where, `record ${next - 1} is not in the log`)
  const { timestampMs, crc } = tailOf(found)
  if (timestampMs !== tail.timestampMs || crc !== tail.crc) changed(where, `record ${next - 1} is another one`)
  return next
}

async function recordAt(ranges: Pick<Ranges, 'read'>, slot: Slot, offset: Offset): Promise<Incoming | undefined> {
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
