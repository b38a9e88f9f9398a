import { originKey, siftOrigins } from '../core/origin-sieve.ts'
import type { Origin } from '../core/processor.ts'
import type { Slot } from '../io/kafka/port.ts'
import { bigintArray, numericArray, textArray } from './arrays.ts'
import type { Database } from './database.ts'
import type { Entry } from './sink.ts'

/** What a sink of a derived topic remembers of a slot: the highest origin stored per (processor, input partition). */
export type OriginMemory = Map<string, Pick<Origin, 'offset' | 'ordinal'>>
type Derived = { readonly origin: Origin }

/** Part of the statement of such a sink: the memory moves with its rows. Parameters 8 to 11, see {@link originColumns}. */
export const SEEN = `seen as (
  insert into ingest.derived_origins as d (consumer, topic, part, processor, input_part, log_offset, ordinal)
  select $1, $2, moved.part, u.processor, u.input_part, u.log_offset, u.ordinal
    from moved, unnest($8::text[], $9::int[], $10::bigint[], $11::int[]) u (processor, input_part, log_offset, ordinal)
  on conflict (consumer, topic, part, processor, input_part)
  do update set log_offset = excluded.log_offset, ordinal = excluded.ordinal, updated_at = now()
  where (d.log_offset, d.ordinal) < (excluded.log_offset, excluded.ordinal)
)`

/** Parameters 8 to 11: the highest origin of each (processor, input partition), in the order of their coming. */
export function originColumns(origins: Iterable<Origin>): readonly (string | Buffer)[] {
  const highest = new Map<string, Origin>()
  // What passed the sieve ascends.
  for (const origin of origins) highest.set(originKey(origin), origin)
  const rows = [...highest.values()]
  return [
    textArray(rows.map(({ processor }) => processor)),
    numericArray(rows.map(({ partition }) => partition)),
    bigintArray(rows.map(({ offset }) => offset)),
    numericArray(rows.map(({ ordinal }) => ordinal)),
  ]
}

/** The memory of a slot as the last statement left it. */
export async function recallOrigins(database: Database, consumer: string, slot: Slot): Promise<OriginMemory> {
  const { rows } = await database.query<Row>({
    text: `select processor, input_part as partition, log_offset as offset, ordinal
             from ingest.derived_origins where consumer = $1 and topic = $2 and part = $3`,
    values: [consumer, slot.topic, slot.partition],
  })
  return new Map(rows.map((row) => [originKey(row), { offset: Number(row.offset), ordinal: row.ordinal }]))
}

/** First copies; does not change the memory. */
export const freshByOrigin = <Value extends Derived>(
  memory: OriginMemory,
  entries: readonly Entry<Value>[],
): readonly Entry<Value>[] =>
  siftOrigins(
    memory,
    entries.map((entry) => ({ origin: entry.value.origin, entry })),
  ).fresh.map(({ entry }) => entry)

/** Takes stored entries into the memory. */
export function adoptOrigins(memory: OriginMemory, entries: readonly Entry<Derived>[]): void {
  for (const { value } of entries) memory.set(originKey(value.origin), value.origin)
}

type Row = {
  readonly processor: string
  readonly partition: number
  readonly offset: string
  readonly ordinal: number
}
