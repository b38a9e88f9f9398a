import type { Micros } from '../core/time.ts'
import { parseJson, type Adapter } from './adapter.ts'
import type { Backfill, Request, Want } from './backfill.ts'
import { NOTHING_FETCHED, withPage, type Fetched } from './backfill-plan.ts'
import { allowedAt, FULL_BUCKET, hold, take, type TokenBucket } from './token-bucket.ts'

/** What REST answered; `undefined` as status: nothing, `body` says why. */
export type Answer = {
  readonly status: number | undefined
  readonly body: string
  readonly retryAfterMs: number | undefined
}

/** What fetching needs of the world. */
export type FetchWorld = {
  now(): Micros
  /** Returns early once stopped. */
  sleep(ms: number): Promise<void>
  stopped(): boolean
  random(): number
  get(request: Request): Promise<Answer>
  /** Told of each answer. */
  asked(status: number | undefined): void
}

/** Attempts of one page; between them a second, then twice as long each time, or what the exchange asks for. */
const ATTEMPTS = 6
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000
/** An exchange that asks for a pause without saying how long. */
const PAUSE_MS = 60_000
/** Who is banned for longer gives up: the gap stays on record. */
const LONGEST_PAUSE_MS = 15 * 60_000

/**
 * Asks one exchange's REST for past trades, page by page, within its limits: all requests of the process go through one
 * bucket, and a pause that the exchange asks for holds all of them.
 */
export function createFetcher(
  adapter: Adapter,
  backfill: Backfill,
  world: FetchWorld,
): (want: Want) => Promise<Fetched | undefined> {
  let bucket: TokenBucket = FULL_BUCKET

  /** Waits for its turn. */
  async function turn(): Promise<void> {
    for (;;) {
      const time = world.now()
      const at = allowedAt(bucket, backfill.limit, time, backfill.weight)
      if (at <= time || world.stopped()) break
      await world.sleep((at - time) / 1000)
    }
    bucket = take(bucket, backfill.limit, world.now(), backfill.weight)
  }

  /** A page that can be read; `undefined` if it cannot be had. */
  async function page(request: Request): Promise<ReturnType<Backfill['parse']> | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await turn()
      if (world.stopped()) return undefined
      const answer = await world.get(request)
      world.asked(answer.status)
      const parsed = answer.status === 200 ? read(answer.body) : undefined
      if (parsed !== undefined) return parsed
      const { status, retryAfterMs } = answer
      if (status === 429 || status === 418 || status === 403) {
        const pauseMs = retryAfterMs ?? PAUSE_MS
        if (pauseMs > LONGEST_PAUSE_MS) return undefined
        bucket = hold(bucket, world.now() + pauseMs * 1000)
      } else if (status !== undefined && status >= 400 && status < 500) return undefined
      else await world.sleep(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + world.random() / 2))
    }
    return undefined
  }

  function read(body: string): ReturnType<Backfill['parse']> | undefined {
    try {
      return backfill.parse(parseJson(adapter, body))
    } catch {
      // Whatever it is, it is no page of trades; the attempts say when to give up.
      return undefined
    }
  }

  return async (want) => {
    let fetched = NOTHING_FETCHED
    let last: ReturnType<Backfill['parse']> | undefined
    for (let pages = 0; fetched.state === 'open';) {
      const request = backfill.request(want, last, pages)
      if (request === undefined) break
      last = await page(request)
      if (last === undefined) return undefined
      pages++
      fetched = withPage(backfill, want, fetched, last, pages, world.now())
    }
    return fetched
  }
}
