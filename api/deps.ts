import type { RequestHandler } from 'express'
import type { z } from 'zod'
import type { Micros } from '../core/time.ts'
import type { Audit, acknowledge } from '../io/alerts.ts'
import type { Config } from '../io/config.ts'
import type { Source } from '../io/environment.ts'
import type { Log } from '../io/log.ts'
import type { Lab } from '../io/rule-lab.ts'
import type { Metrics } from '../io/metrics.ts'
import type { DeskDeps } from '../io/rules-desk.ts'
import type { Access } from './access.ts'
import type { Asset } from './assets.ts'
import type { Board } from './board.ts'
import type { Letters } from './letters.ts'
import type { Readiness } from './readiness.ts'
import type { Refusals } from './refusals.ts'
import type { Signals } from './signals.ts'

/** What the routes work with. */
export type AppDeps = {
  readonly database: Database
  readonly board: Board
  /** The page's files by name. */
  readonly assets: ReadonlyMap<string, Asset>
  readonly readiness: Readiness
  readonly letters: Letters
  /** What `/api/v1/config` shows; holds no secrets. `epoch` counts its changes, `undefined`: none was published. */
  readonly configuration: () => { readonly config: Config; readonly epoch: number | undefined }
  /** The present as opportunities count it. */
  readonly signals: Pick<Signals, 'now'>
  /** Who writes rules, and what is said of them. */
  readonly rules: DeskDeps
  /** Where alerts are acknowledged and silenced (as `api_rw`), and who is told that they were. */
  readonly alerts: { readonly database: Parameters<typeof acknowledge>[0]; readonly audit: Audit }
  /** Where rules are tried; `undefined`: nowhere. */
  readonly lab: Lab | undefined
  readonly metrics: Metrics
  readonly log: Log
  readonly source: Source
  readonly access: Access
  readonly refusals: Pick<Refusals, 'refused'>
  /** `writes`: of each key, by default 60. */
  readonly requestsPerMinute: { readonly loopback: number; readonly others: number; readonly writes?: number }
  readonly now: () => Micros
}

/**
 * One path and what it answers; GET also answers HEAD, every other method is refused. `ask` is a POST that changes nothing, who
 * may read may send it; `post`, `put` and `delete` need a key that may write.
 */
export type Route = { readonly path: string } & Partial<Readonly<Record<Verb, (deps: AppDeps) => RequestHandler>>>
export type Verb = 'get' | 'ask' | 'post' | 'put' | 'delete'

/** As much of a pool as queries need: rows are `unknown` until a schema has read them. */
export type Database = {
  query(text: string, values: unknown[]): Promise<{ readonly rows: unknown[] }>
}

/** Runs a query and reads every row by its schema; a row that does not fit is our bug and fails the request. */
export async function select<Row extends z.ZodType>(
  database: Database,
  row: Row,
  text: string,
  values: readonly unknown[],
): Promise<readonly z.output<Row>[]> {
  const { rows } = await database.query(text, [...values])
  return rows.map((one) => row.parse(one))
}
