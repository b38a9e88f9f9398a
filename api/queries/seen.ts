import { z } from 'zod'
import { fromIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { optional, text } from './rows.ts'

/** Time of the newest heartbeat stored, of one exchange or of any: so far the sink has come. */
export async function selectSeen(database: Database, exchange: string | undefined): Promise<Micros | undefined> {
  const rows = await select(
    database,
    z.object({ seen: optional(text) }),
    `select ${iso('max(last_heartbeat)')} as seen from public.exchanges where $1::text is null or exchange = $1`,
    [exchange],
  )
  const seen = rows[0]?.seen
  return seen === undefined ? undefined : fromIso(seen)
}
