import { z } from 'zod'
import { select, type Database } from '../deps.ts'
import { text } from './rows.ts'

/** What the routes read: missing ones mean that migrations were not applied, or not all of them. */
const RELATIONS = [
  'alert_deliveries',
  'alerts',
  'best_quotes',
  'candles_1d',
  'candles_1m',
  'candles_1s',
  'control_documents',
  'exchanges',
  'gaps',
  'last_trades',
  'latest_prices',
  'latest_quotes',
  'matches',
  'opportunities',
  'opportunity_records',
  'opportunity_stats',
  'rule_stats',
  'rule_states',
  'rules',
  'services',
  'silences',
  'sink_positions',
  'symbols',
  'system_events',
  'trade_minutes',
]

/** Relations that are not there or that our role may not read. */
export async function selectMissing(database: Database): Promise<readonly string[]> {
  const rows = await select(
    database,
    z.object({ name: text }),
    `select name
       from unnest($1::text[]) as name
      where to_regclass('public.' || name) is null
         or not has_table_privilege(to_regclass('public.' || name), 'select')
      order by name`,
    [RELATIONS],
  )
  return rows.map(({ name }) => name)
}
