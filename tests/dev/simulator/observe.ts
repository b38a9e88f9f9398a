import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from 'vitest'
import { z } from 'zod'
import type { Tick } from '../../../core/tick.ts'
import { micros, MICROS_PER_SECOND, type Micros } from '../../../core/time.ts'
import { DIALECTS } from '../../../dev/simulator/dialects/all.ts'
import type { SimulatedExchange } from '../../../dev/simulator/exchanges.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { openJournal } from '../../../dev/simulator/journal.ts'
import type { Limits } from '../../../dev/simulator/limits.ts'
import { parseScript } from '../../../dev/simulator/script.ts'
import { startSimulator } from '../../../dev/simulator/simulator.ts'
import { now as hostNow } from '../../../io/clock.ts'
import { openSocket } from '../../../io/websocket.ts'
import { simulated, type Adapter } from '../../../producers/adapter.ts'
import { ADAPTERS } from '../../../producers/adapters.ts'
import type { FeedCounts, Letter } from '../../../producers/feed-state.ts'
import { connectsByHost, runFeed, sessionNumbers, type FeedEvent } from '../../../producers/shell.ts'

export const SYMBOLS: Readonly<Record<SimulatedExchange, readonly [string, string]>> = {
  binance: ['BTC-USDT', 'ETH-USDT'],
  coinbase: ['BTC-USD', 'ETH-USD'],
  kraken: ['BTC-USD', 'ETH-USD'],
  okx: ['BTC-USDT', 'ETH-USDT'],
  gate: ['BTC-USDT', 'ETH-USDT'],
}

const TURN_MS = 5
/** Waits of the feed that are longer are passed over: its clock and the exchange's jump together. */
const LONG_MICROS = 100_000
const FRAMES_PER_SECOND = 600
/** Trades of the last session before a run may end: it lives again. */
const ALIVE = 8

const journaled = z.looseObject({
  kind: z.string(),
  symbol: z.string().optional(),
  id: z.string().optional(),
  eventTime: z.number().optional(),
  price: z.string().optional(),
  sent: z.boolean().optional(),
})
export type Journaled = z.infer<typeof journaled>

export type Observed = {
  readonly events: readonly FeedEvent[]
  readonly letters: readonly Letter[]
  readonly ticks: readonly Tick[]
  readonly counts: FeedCounts
  /** Seconds that it waited before it connected again, where that was long. */
  readonly waits: readonly number[]
  readonly journal: readonly Journaled[]
}

export type Observation = {
  readonly exchange: SimulatedExchange
  /** What it does wrong; `atMs` after the first connection. */
  readonly script: readonly { readonly atMs?: number; readonly do: string; readonly [field: string]: unknown }[]
  /** How our adapter differs from the shipped one. */
  readonly adapter?: Partial<Adapter>
  readonly limits?: Limits
}

/**
 * One exchange of the simulator and our feed of it, over a real socket, until the script is over and the feed lives again.
 * The feed's random numbers are 0: it waits no longer than it must.
 */
export async function observe(
  { onTestFinished }: TestContext,
  { exchange, script, limits, adapter: change }: Observation,
): Promise<Observed> {
  const folder = mkdtempSync(join(tmpdir(), 'misbehaviour-'))
  const file = join(folder, 'journal.jsonl')
  const journal = openJournal(file)
  const instruments = instrumentsOf({ exchanges: { [exchange]: { symbols: [...SYMBOLS[exchange]] } } })
  const lines = script.map((one) => JSON.stringify({ atMs: 300, exchange, ...one }))
  let jumped = 0
  const now = (): Micros => micros(hostNow() + jumped)
  const simulator = await startSimulator({
    instruments,
    clock: now,
    framesPerSecond: FRAMES_PER_SECOND,
    seed: 1,
    script: parseScript([...lines, '{"atMs":0,"do":"calm"}'].join('\n'), 'script'),
    journal,
    port: 0,
    ...(limits === undefined ? {} : { limits }),
  })
  const events: FeedEvent[] = []
  const letters: Letter[] = []
  const ticks: Tick[] = []
  const feed = runFeed(
    {
      adapter: { ...ADAPTERS[exchange], ...change },
      feed: 'SIMULATED',
      instruments: instruments.map((one) => ({
        symbol: one.symbol,
        nativeSymbol: DIALECTS[exchange].nativeSymbol(one),
      })),
      partitions: 1,
      inverses: new Set(),
      conversions: new Set(),
      address: (url) => simulated(url, exchange, `http://127.0.0.1:${simulator.port}`),
      lastTrades: [],
      shift: 0,
    },
    {
      now,
      random: () => 0,
      session: sessionNumbers(),
      connects: connectsByHost(),
      openSocket,
      turn() {},
      offer: (tick) => ticks.push(tick) > 0,
      letter: (_, letter) => letters.push(letter),
      event: (_, event) => events.push(event),
    },
  )
  const waits: number[] = []
  const clock = setInterval(() => {
    const { phase, phaseTime } = feed.state
    const waitMicros = phaseTime - now()
    if (phase === 'waiting' && waitMicros > LONG_MICROS) {
      waits.push(Math.round(waitMicros / MICROS_PER_SECOND))
      jumped += waitMicros
    }
    simulator.turn()
    feed.input({ kind: 'clock', time: now(), random: 0 })
  }, TURN_MS)
  onTestFinished(async () => {
    clearInterval(clock)
    feed.stop()
    await simulator.stop()
    journal.close()
    rmSync(folder, { recursive: true })
  })

  const isAlive = (): boolean =>
    ticks.filter(({ session, payload }) => session === feed.state.current?.id && payload.kind === 'trade').length >=
    ALIVE
  const over = Math.max(...script.map((one) => (one.atMs ?? 300) + Number(one['forMs'] ?? one['closeAfterMs'] ?? 0)))
  await until(() => events.length > 0, 'the feed connects')
  const connectedAt = now()
  await until(() => now() > connectedAt + (over + 300) * 1000, 'the script is over')
  await until(isAlive, 'the feed lives again')
  clearInterval(clock)
  const before = [...events]
  // What is under way arrives before the end of the socket does.
  await simulator.stop()
  await until(() => feed.state.current === undefined, 'the socket ends')
  feed.stop()
  journal.close()
  return {
    events: before,
    letters,
    ticks,
    counts: feed.state.counts,
    waits,
    journal: readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => journaled.parse(JSON.parse(line))),
  }
}

async function until(happened: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1500 && !happened(); i += 1) await sleep(20)
  if (!happened()) throw new Error(`in vain: ${what}`)
}

/** What is lost silently or said twice, one sentence each; empty if nothing is. */
export function brokenLaws({ journal, ticks, letters, counts }: Observed): readonly string[] {
  const trades = ticks.flatMap(({ symbol, payload }) => (payload.kind === 'trade' ? [{ symbol, ...payload }] : []))
  const known = new Map(
    journal.flatMap(({ kind, symbol, id, price }) =>
      kind === 'trade' || kind === 'history' ? [[`${symbol} ${id}`, Number(price)] as const] : [],
    ),
  )
  const ids = trades.map(({ symbol, id }) => `${symbol} ${id}`)
  const taken = new Set(ids)
  const gaps = ticks.flatMap(({ symbol, payload }) =>
    payload.kind === 'gap' && payload.reason !== 'WITHDRAWN' ? [{ symbol, ...payload }] : [],
  )
  const isOnRecord = ({ symbol, id, eventTime = 0 }: Journaled): boolean =>
    gaps.some((gap) => (gap.symbol === '' || gap.symbol === symbol) && gap.from <= eventTime && eventTime <= gap.to) ||
    letters.some(({ raw }) => raw.includes(String(id)))
  const lost = journal.filter(
    (one) => one.kind === 'trade' && !taken.has(`${one.symbol} ${one.id}`) && !isOnRecord(one),
  )
  const invented = trades.filter(({ symbol, id, price }) => known.get(`${symbol} ${id}`) !== price)
  const { in: entered, ...outcomes } = counts.entries
  const sum = (numbers: Readonly<Record<string, number>>): number => Object.values(numbers).reduce((a, b) => a + b, 0)
  return [
    ...lost.map(
      ({ symbol, id, sent }) => `trade ${symbol} ${id} ${sent === false ? '(never sent) ' : ''}is lost silently`,
    ),
    ...invented.map(({ symbol, id }) => `trade ${symbol} ${id} was never sent so`),
    ...(taken.size === ids.length ? [] : ['a trade stands twice on the log']),
    ...(sum(outcomes) === entered ? [] : [`${entered} entries became ${sum(outcomes)}`]),
    ...(sum(counts.frames) === counts.received ? [] : ['a frame has no result']),
  ]
}
