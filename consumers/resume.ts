import { slotName, type Offset, type Ranges, type Slot } from '../io/kafka/port.ts'
import { checkPosition, type Tail } from '../io/kafka/tail.ts'
import type { Database } from './database.ts'

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
  const { first } = await deps.ranges.bounds(slot)
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

  await checkPosition(deps.ranges, `${consumer} on ${slotName(slot)}`, slot, next, tail)
  return next
}
