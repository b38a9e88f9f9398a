import { z } from 'zod'
import { createLog } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'

/** Named numbers of the services, as their heartbeats say them. */
export type Figures = Readonly<Record<string, Readonly<Record<string, number>>>>

const NOTABLE_OFFSET_MS = 1000

/** One line that says how the pipeline does; figures nobody has given yet are left out. */
export function liveLine(figures: Figures, time: string): string {
  const figure = (service: string, name: string): number | undefined => figures[service]?.[name]
  const whole = (value: number | undefined, unit: string): string | undefined =>
    value === undefined ? undefined : `${Math.round(value).toLocaleString('en')} ${unit}`
  const latency = (label: string, service: string, p50: string, p99: string): string | undefined => {
    const [middle, high] = [figure(service, p50), figure(service, p99)]
    return middle === undefined || high === undefined
      ? undefined
      : `${label} p50 ${middle.toFixed(0)} p99 ${high.toFixed(0)} ms`
  }
  return [
    time,
    whole(figure('producers', 'ticksPerSecond'), 'ticks/s'),
    whole(figure('producers', 'symbols'), 'symbols'),
    whole(figure('consumers', 'rowsTotal'), 'rows'),
    latency('frame to row', 'consumers', 'frameToRowP50Ms', 'frameToRowP99Ms'),
    latency('to push', 'api', 'frameToPushP50Ms', 'frameToPushP99Ms'),
    whole(figure('consumers', 'lagRecords'), 'lag'),
    whole(figure('processors', 'lagRecords'), 'lag of processors'),
    ...warnings(figures['producers'] ?? {}),
  ]
    .filter((part) => part !== undefined)
    .join('  ')
}

/** What is only said when it is so: symbols in quarantine, and clocks more than a second apart from ours. */
function warnings(figures: Readonly<Record<string, number>>): readonly string[] {
  const prefix = 'exchangeClockOffsetMs.'
  const clocks = Object.entries(figures)
    .filter(([name, offsetMs]) => name.startsWith(prefix) && Math.abs(offsetMs) > NOTABLE_OFFSET_MS)
    .map(([name, offsetMs]) => `clock of ${name.slice(prefix.length)} ${(-offsetMs / 1000).toFixed(1)} s off`)
  const { quarantined = 0 } = figures
  return [...(quarantined > 0 ? [`${quarantined} quarantined`] : []), ...clocks]
}

const rows = z.array(z.object({ service: z.string(), figures: z.record(z.string(), z.number()) }))

/** Prints a live line each `everyMs` until stopped. A database that is away only means no line. */
export function startLiveLine(database: string, everyMs: number, print: (line: string) => void): () => Promise<void> {
  const pool = openPool(database, 'api_ro', createLog('cli', 'silent'), 1)
  const show = async (): Promise<void> => {
    const answer = await pool.query(
      "select service, figures from services where time > now() - interval '12 seconds' order by service, time",
    )
    const figures = Object.fromEntries(rows.parse(answer.rows).map((row) => [row.service, row.figures]))
    print(liveLine(figures, new Date().toTimeString().slice(0, 8)))
  }
  const timer = setInterval(() => void show().catch(() => undefined), everyMs)
  return async () => {
    clearInterval(timer)
    await pool.end()
  }
}
