import { createHash } from 'node:crypto'
import type { Response } from 'express'
import { MICROS_PER_MINUTE, fromIso, micros, toIso, type Micros } from '../core/time.ts'
import { writeParts } from './cursor.ts'
import type { AppDeps } from './deps.ts'
import { metaOf } from './meta.ts'
import { HttpFailure } from './problem.ts'
import { selectSeen } from './queries/seen.ts'

/** From `from`, included, to `to`, excluded. */
export type Range = { readonly from: Micros; readonly to: Micros }

const HOUR = 60 * MICROS_PER_MINUTE
export const DAY = 24 * HOUR

/**
 * The range that is meant: without `to` up to now, but no longer than `span`. Pages name it in their next link, so that it
 * stays the same from page to page. Throws BAD_PARAMETER.
 */
export function rangeOf(
  { from, to }: { readonly from: Micros; readonly to?: Micros | undefined },
  now: Micros,
  span: number,
): Range {
  if (to === undefined) return { from, to: micros(Math.max(from, Math.min(now, from + span))) }
  if (to < from) throw new HttpFailure('BAD_PARAMETER', 'to: before from')
  if (to - from > span) throw new HttpFailure('BAD_PARAMETER', `to: more than ${span / HOUR} h after from`)
  return { from, to }
}

/** Later than this after its time almost no tick arrives; what a backfill adds is seen when copies have run out. */
const SETTLED_AFTER = 10 * MICROS_PER_MINUTE
/** How long a copy of a closed range may be used unasked. */
const MAX_AGE_SECONDS = 3600

/**
 * Whether the rows of a range are all there: the database itself has stored heartbeats of the log well past its end. Our
 * clock would not do, a sink may be hours behind; recorded traffic enters ranges of any age.
 */
export async function isClosed(deps: AppDeps, { to }: Range, exchange: string | undefined): Promise<boolean> {
  if (deps.source === 'recorded') return false
  const seen = await selectSeen(deps.database, exchange)
  return seen !== undefined && to + SETTLED_AFTER <= Math.min(seen, deps.now())
}

export type Page<Row> = {
  readonly path: string
  /** Name of the list in the document. */
  readonly name: string
  /** Filters, to be repeated in the next link. */
  readonly filters: Readonly<Record<string, string | undefined>>
  readonly range: Range
  readonly limit: number
  readonly rows: readonly Row[]
  readonly next: readonly string[] | undefined
  readonly closed: boolean
}

/** Sends a page: the range it is of, its rows, where the next one is, and for how long it may be kept. */
export function sendPage<Row>(deps: AppDeps, response: Response, page: Page<Row>): void {
  const range = { from: toIso(page.range.from), to: toIso(page.range.to) }
  const cursor = page.next === undefined ? undefined : writeParts(page.next)
  const content = { ...range, [page.name]: page.rows, cursor }
  if (cursor !== undefined) {
    const query = new URLSearchParams({ ...range, limit: String(page.limit), cursor })
    for (const [name, value] of Object.entries(page.filters)) if (value !== undefined) query.set(name, value)
    response.links({ next: `${page.path}?${query.toString()}` })
  }
  sendDocument(deps, response, content, page.closed)
}

/** Sends a document; of a closed one nothing changes any more, so copies may be kept. */
export function sendDocument(
  deps: AppDeps,
  response: Response,
  content: Readonly<Record<string, unknown>>,
  closed: boolean,
): void {
  response.set('cache-control', closed ? `private, max-age=${MAX_AGE_SECONDS}, immutable` : 'no-cache')
  // Weak: `meta` says when it was asked.
  const etag = closed ? `W/"${digest(JSON.stringify(content))}"` : undefined
  if (etag !== undefined) response.set('etag', etag)
  if (etag !== undefined && isHeld(response.req.get('if-none-match'), etag)) response.status(304).end()
  else response.json({ meta: metaOf(deps), ...content })
}

/** express would send it again to clients that say no-cache beside the ETag, and `fetch` of Node always does. */
const isHeld = (held: string | undefined, etag: string): boolean =>
  held?.split(',').some((one) => one.trim() === '*' || one.trim() === etag) ?? false

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/** A page out of rows of which one more was asked for than it holds. */
export function cut<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => readonly string[],
): { readonly rows: readonly Row[]; readonly next: readonly string[] | undefined } {
  const last = rows[limit - 1]
  return { rows: rows.slice(0, limit), next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined }
}

/** Patterns of what cursors are made of. */
export const CURSOR = {
  time: { test: isTime },
  text: /^.{1,128}$/su,
  exchange: /^[a-z0-9]{1,32}$/,
  number: /^\d{1,16}$/,
} as const

/** PostgreSQL refuses moments that JavaScript rolls over, 30 February for instance. */
function isTime(part: string): boolean {
  const time = fromIso(part)
  return time !== undefined && toIso(time) === part
}
