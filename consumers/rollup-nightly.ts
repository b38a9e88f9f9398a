import { micros, MICROS_PER_MINUTE, toIso, type Micros } from '../core/time.ts'
import type { Log } from '../io/log.ts'
import type { Database } from './database.ts'
import { comparableDays, compareRollups, sentenceOf, type Comparison, type Drift, type Range } from './rollup-check.ts'

/** A day is over when its last minutes are: their trades have come by then. */
const SETTLING = 30 * MICROS_PER_MINUTE
/** More than this is one fault, not many. */
const MOST_EVENTS = 20

export type NightlyDeps = {
  readonly database: Database
  readonly log: Log
  readonly now: () => Micros
  readonly announce: (event: {
    readonly kind: 'FAULT'
    readonly message: string
    readonly exchange: string | undefined
    readonly symbol: string | undefined
    readonly details: Readonly<Record<string, string>>
  }) => void
  readonly measured: (comparison: Comparison) => void
  /** Between two statements, so that the sinks have the database for themselves most of the time; `false`: stop. */
  readonly breathe: () => Promise<boolean>
}

/**
 * Compares each day's roll-ups with its trades, once, when the day is over; of several processes one does. Answers the day that it
 * compared, `undefined` if none was due. The first difference of each minute becomes a system event.
 */
export async function checkRollups(deps: NightlyDeps): Promise<Range | undefined> {
  const { database, log } = deps
  const over = (await comparableDays(database)).filter(({ to }) => to + SETTLING <= deps.now())
  const day = await claim(database, over.toReversed())
  if (day === undefined) return undefined
  let isWhole = true
  const comparison = await compareRollups(database, day, MOST_EVENTS * 10, async () => (isWhole = await deps.breathe()))
  if (!isWhole) {
    await database.query({ text: 'delete from ingest.rollup_checks where day = $1', values: [dateOf(day)] })
    return undefined
  }
  const { minutes, candles, minutesDrifted, candlesDrifted } = comparison
  await database.query({
    text: 'update ingest.rollup_checks set checked_at = now(), minutes = $2, drifted = $3 where day = $1',
    values: [dateOf(day), minutes + candles, minutesDrifted + candlesDrifted],
  })
  deps.measured(comparison)
  log.info({ day: dateOf(day), ...comparison, drifts: comparison.drifts.slice(0, MOST_EVENTS) }, 'rollups_compared')
  const first = firstOfMinutes(comparison.drifts)
  for (const drift of first.slice(0, MOST_EVENTS)) {
    const { exchange, symbol, rollup, minute, what } = drift
    deps.announce({
      kind: 'FAULT',
      message: `a roll-up differs from its trades: ${sentenceOf(drift)}`,
      exchange: exchange === '*' ? undefined : exchange,
      symbol,
      details: { rollup, minute, what, rows: String(minutesDrifted + candlesDrifted) },
    })
  }
  return day
}

const firstOfMinutes = (drifts: readonly Drift[]): readonly Drift[] => {
  const first = new Map<string, Drift>()
  for (const drift of drifts) if (!first.has(drift.minute)) first.set(drift.minute, drift)
  return [...first.values()]
}

/** The first of these days that nobody has compared; a claim of a process that died is good for an hour. */
async function claim(database: Database, days: readonly Range[]): Promise<Range | undefined> {
  for (const day of days) {
    const { rows } = await database.query<{ day: string }>({
      text: `insert into ingest.rollup_checks as c (day, minutes, drifted) values ($1, 0, -1)
             on conflict (day) do update set checked_at = now()
              where c.drifted = -1 and c.checked_at < now() - interval '1 hour'
             returning day::text`,
      values: [dateOf(day)],
    })
    if (rows.length > 0) return day
  }
  return undefined
}

const dateOf = ({ from }: Range): string => toIso(micros(from)).slice(0, 10)
