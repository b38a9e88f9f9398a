import { z } from 'zod'
import { toIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, text } from './rows.ts'

const row = z.object({
  service: text,
  instance: text,
  state: text,
  version: text,
  time: text,
  startedAt: text,
  ageMs: number,
  eventLoopP99Ms: number,
  residentBytes: number,
  figures: z.record(text, number),
})

/** The newest heartbeat of one process. */
export type ServiceRow = z.output<typeof row>

/** Processes heard within the last `withinMs`, the newest first where a service has several. */
export const selectServices = (database: Database, now: Micros, withinMs: number): Promise<readonly ServiceRow[]> =>
  select(
    database,
    row,
    `select service, instance, state, version, ${iso('time')} as time, ${iso('started_at')} as "startedAt",
            (extract(epoch from $1::timestamptz - time) * 1000)::float8 as "ageMs",
            event_loop_p99_ms as "eventLoopP99Ms", resident_bytes::float8 as "residentBytes", figures
       from public.services
      where time > $1::timestamptz - $2 * interval '1 millisecond'
      order by service, time desc
      limit 1000`,
    [toIso(now), withinMs],
  )
