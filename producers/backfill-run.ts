import { BROADCAST_KEY } from '../core/partition.ts'
import type { Exchange, Tick } from '../core/tick.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, micros, type Micros } from '../core/time.ts'
import type { Adapter } from './adapter.ts'
import type { Backfill, PastTrade } from './backfill.ts'
import { createFetcher, type FetchWorld } from './backfill-fetch.ts'
import { closes, isFillable, jobKey, jobsOf, type Job, type Noticed } from './backfill-jobs.ts'
import { isProven, isTooLarge, isWhole, missingOf, wantOf } from './backfill-plan.ts'
import type { Market } from './feed-state.ts'
import { knows, remember } from './recent-ids.ts'

/** The end of one partition's log, as far as one exchange is concerned. */
export type Tail = {
  /** Trades by symbol: time by number. */
  readonly trades: ReadonlyMap<string, ReadonlyMap<number, Micros>>
  readonly gaps: readonly Tick[]
  /** Reads what came since. */
  more(): Promise<void>
}

export type Outcome = 'filled' | 'unfillable' | 'unavailable'

/** What a backfill knows of a symbol; one in quarantine is left alone. */
type FilledMarket = Pick<Market, 'symbol' | 'nativeSymbol' | 'key' | 'home' | 'ids' | 'isQuarantined'>

export type BackfillWorld = FetchWorld & {
  session(exchange: Exchange, openedAt: Micros): Micros
  /** Everything of an exchange that the log got since, and for `backMs` before; `undefined`: more than may be read. */
  tail(exchange: Exchange, partition: number, since: Micros, backMs: number): Promise<Tail | undefined>
  offer(tick: Tick, key: string, partition: number): boolean
  /** Everything offered is acknowledged. */
  settled(): Promise<void>
  /** The exchange's symbols now. */
  markets(exchange: Exchange): Iterable<FilledMarket>
  done(exchange: Exchange, outcome: Outcome, gap: Tick, trades: number): void
  failed(exchange: Exchange, error: unknown): void
}

/** Before a gap is looked at: what came with it stands on the log then, and REST knows it, too. */
const SETTLE_MS = 3000
/** How far before a gap its symbol's last trade is looked for. */
const LOOK_BACK_MS = 10 * 60_000
/** Our clock, the exchange's and the broker's differ. */
const CLOCKS = 10 * MICROS_PER_SECOND
/** A gap of a start begins a second before the last trade of any symbol. */
const START_SLACK = 2 * MICROS_PER_SECOND
/** Written at once, then acknowledged, then a pause: live ticks always find room between. */
const CHUNK = 200
const CHUNK_PAUSE_MS = 50
const REFUSED_PAUSE_MS = 500
const FAILED_PAUSE_MS = 10_000
/** Of a storm of gaps no more wait; the others stay on record, and a later start looks at them. */
const MOST_WAITING = 10_000
/** Records that are not taken up once more; of more than that the oldest may be, which asks and finds nothing new. */
const MOST_TAKEN = 2 * MOST_WAITING
/** Before a gap is tried again whose exchange could not be asked: a minute, then twice as long each time. */
const FIRST_AGAIN_MS = 60_000
const LONGEST_AGAIN_MS = 10 * 60_000
/** As long as the log keeps ticks; later there is nothing to compare with. */
const LONGEST_OPEN = 7 * 24 * 60 * MICROS_PER_MINUTE

/**
 * Fetches what an exchange's gaps miss, one symbol after the other, and closes those that are whole. What it writes has a
 * session of its own, without START and heartbeats as a control record's: it misses nothing by itself and confirms no quote.
 */
export function createBackfiller(
  adapter: Adapter,
  backfill: Backfill,
  world: BackfillWorld,
): { notice(one: Noticed): void } {
  const { exchange } = adapter
  const fetch = createFetcher(adapter, backfill, world)
  let waiting: Noticed[] = []
  /** Each by itself, since what is long ago needs more of the log than may be read, and then the others had none. */
  const again: (readonly Noticed[])[] = []
  /** Taken up by this process: once is enough, unless the exchange could not be asked. */
  const taken = new Set<string>()
  /** How often the exchange could not be asked for a gap that is to be tried again. */
  const unavailable = new Map<string, number>()
  /** Partitions whose older gaps were looked for: once, at the first one of ours. */
  const resumed = new Set<number>()
  let running = false

  async function run(): Promise<void> {
    running = true
    while ((waiting.length > 0 || again.length > 0) && !world.stopped()) {
      await world.sleep(SETTLE_MS)
      const rounds = [waiting, again.shift() ?? []]
      waiting = []
      for (const noticed of rounds) {
        try {
          if (noticed.length > 0) await round(noticed)
        } catch (error) {
          world.failed(exchange, error)
          again.push(noticed.filter((one) => !taken.has(jobKey(one))))
          await world.sleep(FAILED_PAUSE_MS)
        }
      }
    }
    running = false
  }

  async function round(noticed: readonly Noticed[]): Promise<void> {
    await world.settled()
    const markets = [...world.markets(exchange)]
    const homeOf = ({ tick, partition }: Noticed): number =>
      markets.find(({ symbol }) => symbol === tick.symbol)?.home[0] ?? partition
    const tails = new Map<number, Tail | undefined>()
    for (const [partition, some] of Map.groupBy(noticed, homeOf)) tails.set(partition, await tailFor(partition, some))
    // What a process before us left unfilled, as far as it is recent.
    const left = [...tails].flatMap(([partition, tail]) => (resumed.has(partition) ? [] : openGaps(partition, tail)))
    for (const partition of tails.keys()) resumed.add(partition)
    const session = world.session(exchange, world.now())
    const pen = createPen(session)
    for (const job of jobsOf([...noticed, ...left])) {
      const [partition = 0] = job.partitions
      const key = jobKey({ tick: job.tick, partition })
      if (world.stopped()) return
      if (taken.has(key)) continue
      const outcome = await fill(job, tails.get(homeOf({ tick: job.tick, partition })), markets, pen)
      if (outcome === undefined) return
      take(key)
      if (outcome === 'unavailable' && world.now() - job.gap.to < LONGEST_OPEN) void later(job, key)
      else unavailable.delete(key)
    }
  }

  function take(key: string): void {
    taken.add(key)
    for (const oldest of taken) if (taken.size > MOST_TAKEN) taken.delete(oldest)
  }

  /** The gap stays open meanwhile; should this process end, the next one finds it there. */
  async function later({ tick, partitions, followed }: Job, key: string): Promise<void> {
    const attempts = unavailable.get(key) ?? 0
    unavailable.set(key, attempts + 1)
    await world.sleep(Math.min(LONGEST_AGAIN_MS, FIRST_AGAIN_MS * 2 ** Math.min(attempts, 16)))
    if (world.stopped()) return
    taken.delete(key)
    again.push(partitions.map((partition) => ({ tick, partition, followed })))
    if (!running) void run()
  }

  /** Back to before the earliest gap; after a start also to before those that were left open there. */
  async function tailFor(partition: number, noticed: readonly Noticed[]): Promise<Tail | undefined> {
    const earliest = Math.min(...jobsOf(noticed).map(({ gap }) => gap.from))
    const since = Math.max(0, Math.min(earliest, world.now()) - CLOCKS)
    const tail = await world.tail(exchange, partition, micros(since), LOOK_BACK_MS)
    if (resumed.has(partition)) return tail
    const older = Math.min(...openGaps(partition, tail).map(({ tick }) => gapFrom(tick))) - CLOCKS
    if (older >= since) return tail
    return (await world.tail(exchange, partition, micros(Math.max(0, older)), LOOK_BACK_MS)) ?? tail
  }

  async function fill(
    job: Job,
    tail: Tail | undefined,
    markets: readonly FilledMarket[],
    pen: ReturnType<typeof createPen>,
  ): Promise<Outcome | undefined> {
    const { tick, gap, partitions } = job
    const own = markets.filter(({ symbol, home }) =>
      tick.symbol === '' ? home.some((one) => partitions.includes(one)) : symbol === tick.symbol,
    )
    const isKnown = tail !== undefined && hasBegun(job, tail, own.length) && (tick.symbol === '' || own.length > 0)
    // What is not followed any more is not asked for: nobody knows whether it is whole.
    let outcome: Outcome = isKnown && !hasLeft(job, tail, own) ? 'filled' : 'unfillable'
    let written = 0
    for (const market of isKnown ? own : []) {
      const trades = tail?.trades.get(market.symbol) ?? new Map<number, Micros>()
      const found = await fillSymbol(job, market, tail, trades, pen)
      if (world.stopped()) return undefined
      written += found.written
      if (found.outcome !== 'filled' && outcome !== 'unavailable') outcome = found.outcome
    }
    if (outcome === 'filled') {
      const key = tick.symbol === '' || partitions.length > 1 ? BROADCAST_KEY : (own[0]?.key ?? BROADCAST_KEY)
      const closed = pen.tick(world.now(), tick.symbol, { ...gap, backfilled: true })
      for (const partition of partitions) await pen.write(closed, key, partition)
    }
    if (outcome !== 'unavailable' || !unavailable.has(jobKey({ tick, partition: partitions[0] ?? 0 })))
      world.done(exchange, outcome, tick, written)
    return outcome
  }

  async function fillSymbol(
    { gap }: Job,
    { nativeSymbol, symbol, key, home, ids, isQuarantined }: FilledMarket,
    tail: Tail | undefined,
    trades: ReadonlyMap<number, Micros>,
    pen: ReturnType<typeof createPen>,
  ): Promise<{ readonly outcome: Outcome; readonly written: number }> {
    const want = wantOf(nativeSymbol, gap, trades)
    if (isProven(backfill, want, trades)) return { outcome: 'filled', written: 0 }
    if (isQuarantined || isTooLarge(backfill, want, trades)) return { outcome: 'unfillable', written: 0 }
    const fetched = await fetch(want)
    if (fetched === undefined) return { outcome: 'unavailable', written: 0 }
    // What the stream had until now is on the log before we compare, or its writer had no room for it.
    const refused = new Set(fetched.trades.filter((one) => knows(ids, one.sequence, one.payload.id)))
    await world.settled()
    await tail?.more()
    const present = tail?.trades.get(symbol) ?? trades
    const missing = missingOf(backfill, want, fetched, present)
    let written = 0
    for (const trade of missing) {
      if (world.stopped()) break
      if (written > 0 && written % CHUNK === 0) await pen.pause()
      const time = world.now()
      // The stream may still bring it, or has just done so: then it is on its way to the log.
      if (!remember(ids, trade.sequence, trade.payload.id, time) && !refused.has(trade)) continue
      written++
      await pen.write(pen.tick(time, symbol, trade.payload, trade), key, home[0] ?? 0)
    }
    await pen.pause()
    await tail?.more()
    const whole = isWhole(backfill, want, fetched, tail?.trades.get(symbol) ?? present)
    return { outcome: whole ? 'filled' : 'unfillable', written }
  }

  function openGaps(partition: number, tail: Tail | undefined): readonly Noticed[] {
    const gaps = tail?.gaps ?? []
    return gaps
      .filter(isFillable)
      .filter((tick) => {
        const { payload } = tick
        return payload.kind === 'gap' && gaps.every((one) => !closes(one, { tick, gap: payload }))
      })
      .map((tick) => ({ tick, partition }))
      .filter((one) => !taken.has(jobKey(one)))
  }

  /** Gives ticks of one session their ordinals and writes them, with patience. */
  function createPen(session: Micros) {
    let ordinal = 0
    return {
      tick(time: Micros, symbol: string, payload: Tick['payload'], trade?: PastTrade): Tick {
        return {
          exchange,
          symbol,
          feed: 'BACKFILL',
          eventTime: trade?.eventTime ?? time,
          timeSource: trade === undefined ? 'RECEIVED' : 'EXCHANGE',
          receiveTime: time,
          session,
          ordinal: ordinal++,
          sequence: trade?.sequence ?? 0,
          origin: undefined,
          payload,
        }
      },
      async write(tick: Tick, key: string, partition: number): Promise<void> {
        while (!world.stopped() && !world.offer(tick, key, partition)) await world.sleep(REFUSED_PAUSE_MS)
      },
      async pause(): Promise<void> {
        await world.settled()
        await world.sleep(CHUNK_PAUSE_MS)
      },
    }
  }

  return {
    notice(one) {
      if (one.tick.exchange !== exchange || !isFillable(one.tick)) return
      if (waiting.length >= MOST_WAITING) return world.done(exchange, 'unfillable', one.tick, 0)
      const own = [...world.markets(exchange)].filter(({ home }) => home.includes(one.partition))
      waiting.push({ ...one, followed: new Set(own.map(({ symbol }) => symbol)) })
      if (!running) void run()
    },
  }
}

/** On a log that had nothing of the exchange before, a start has missed nothing that it could name. */
const hasBegun = ({ gap }: Job, { trades }: Tail, symbols: number): boolean =>
  gap.reason !== 'START' ||
  symbols === 0 ||
  trades.values().some((times) => times.values().some((time) => time <= gap.from + START_SLACK))

/** Whether a session's gap is of a symbol, too, that was followed then and is not now. */
function hasLeft({ tick, followed }: Job, { trades }: Tail, own: readonly FilledMarket[]): boolean {
  if (tick.symbol !== '') return false
  return [...(followed ?? trades.keys())].some((symbol) => own.every((one) => one.symbol !== symbol))
}

const gapFrom = ({ payload }: Tick): number => (payload.kind === 'gap' ? payload.from : Infinity)
