import type { Database } from './database.ts'

/** Materialised views, by name in schema public, and how many times as seldom as asked each is refreshed. */
const MATERIALISED = [
  ['market_summary_24h', 1],
  ['opportunity_stats', 1],
  ['rule_stats', 1],
  // Reads five minutes of trades.
  ['exchange_quality', 2],
  // Reads all minutes that are kept.
  ['candles_1d', 10],
] as const

export type ViewAge = { readonly view: string; readonly ageSeconds: number; readonly refreshSeconds: number }

/**
 * Refreshes each materialised view that is at least `olderThanMs` old, large ones a multiple of it; the others another process has just refreshed.
 * Answers the ages of all, and which were refreshed.
 */
export async function refreshViews(
  database: Database,
  olderThanMs: number,
): Promise<{ readonly ages: readonly ViewAge[]; readonly refreshed: readonly string[] }> {
  const before = new Map((await viewAges(database)).map(({ view, ageSeconds }) => [view, ageSeconds]))
  const refreshed: string[] = []
  for (const [view, times] of MATERIALISED) {
    if ((before.get(view) ?? Infinity) * 1000 < olderThanMs * times) continue
    const { rows } = await database.query<{ done: boolean }>('select ingest.refresh_view($1) as done', [view])
    if (rows[0]?.done === true) refreshed.push(view)
  }
  return { ages: await viewAges(database), refreshed }
}

async function viewAges(database: Database): Promise<readonly ViewAge[]> {
  const { rows } = await database.query<ViewAge>(
    'select view, age_seconds as "ageSeconds", refresh_seconds as "refreshSeconds" from public.view_ages order by view',
  )
  return rows
}
