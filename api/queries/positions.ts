import { z } from 'zod'
import { select, type Database } from '../deps.ts'
import type { StoredUpTo } from '../feed.ts'
import { number, optional } from './rows.ts'

const row = z.object({ partition: number, next: number, untilMs: optional(number) })

/** How far the tables of a sink hold each partition of the topic; of ticks, those of quotes and trades. */
export async function selectPositions(
  database: Database,
  topic: string,
  sink = 'sink-ticks',
): Promise<ReadonlyMap<number, StoredUpTo>> {
  const rows = await select(
    database,
    row,
    `select partition, next_offset::float8 as next, (extract(epoch from stored_until) * 1000)::float8 as "untilMs"
       from public.sink_positions
      where topic = $1 and consumer = $2`,
    [topic, sink],
  )
  return new Map(rows.map(({ partition, ...position }) => [partition, position]))
}
