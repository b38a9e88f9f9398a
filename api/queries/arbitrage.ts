import { z } from 'zod'
import { ARBITRAGE_DOCUMENT } from '../../core/arbitrage/config.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, text } from './rows.ts'

const row = z.object({ epoch: number, since: text, author: text, body: z.unknown() })

/** The document that governs the detectors, as it stands in every partition of the log; `undefined`: none does yet. */
export async function selectArbitrage(database: Database): Promise<z.output<typeof row> | undefined> {
  const rows = await select(
    database,
    row,
    `select epoch::float8 as epoch, ${iso('published_at')} as since, author, body
       from public.control_documents
      where document_id = $1 and in_force`,
    [ARBITRAGE_DOCUMENT],
  )
  return rows[0]
}
