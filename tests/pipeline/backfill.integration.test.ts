import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, inject, test, type TestContext } from 'vitest'
import { bootstrap } from '../../cli/bootstrap.ts'
import { EXCHANGES, type Exchange, type Tick } from '../../core/tick.ts'
import { instrumentsOf } from '../../dev/simulator/instruments.ts'
import { openJournal } from '../../dev/simulator/journal.ts'
import { startSimulator } from '../../dev/simulator/simulator.ts'
import { now } from '../../io/clock.ts'
import { parseConfig } from '../../io/config.ts'
import { getJson, getText } from '../../io/http.ts'
import type { KafkaOptions } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { decodedTick, lastTrades } from '../../io/log-tail.ts'
import { createMetrics } from '../../io/metrics.ts'
import { openRegistry } from '../../io/registry.ts'
import { openTickLog } from '../../io/tick-log.ts'
import { tradeTail } from '../../io/trade-tail.ts'
import { openSocket } from '../../io/websocket.ts'
import { simulated } from '../../producers/adapter.ts'
import { openBackfills } from '../../producers/backfilling.ts'
import { follower } from '../../producers/follower.ts'
import { connectsByHost, sessionNumbers, type RunningFeed, type World } from '../../producers/shell.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue, deadLettersOf, type Catalogue } from '../../schemas/topics.ts'
import { createEmptyDatabase, silentLog } from '../support/database.ts'
import { runTicksSink } from '../support/ticks-sink.ts'
import { sentTrades, type SentTrade } from '../support/invariants.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const registry = openRegistry(registryUrl)
const PARTITIONS = 3
const SYMBOLS: Readonly<Record<Exchange, string[]>> = {
  binance: ['BTC-USDT', 'ETH-USDT'],
  coinbase: ['BTC-USD'],
  kraken: ['BTC-USD', 'SOL-USD'],
  okx: ['BTC-USDT'],
  gate: ['BTC-USDT'],
}
const config = parseConfig(
  {
    partitions: PARTITIONS,
    exchanges: Object.fromEntries(EXCHANGES.map((exchange) => [exchange, { symbols: SYMBOLS[exchange] }])),
  },
  'test',
)

function ownTopics(run: string): Catalogue {
  const all = catalogue(PARTITIONS)
  const named = Object.fromEntries(
    Object.entries(all).map(([key, spec]) => [key, { ...spec, name: `test-${run}.${key.toLowerCase()}` }]),
  )
  const ticks = `test-${run}.ticks`
  return {
    ...all,
    ...named,
    ticks: { ...all.ticks, name: ticks },
    ticksDeadLetters: { ...all.ticksDeadLetters, name: deadLettersOf(ticks) },
  }
}

/** Topics, a database and exchanges of a test's own, and a sink. */
async function pipeline({ onTestFinished }: TestContext, restKeeps?: number) {
  const run = randomUUID().slice(0, 8)
  const kafka: KafkaOptions = { brokers, clientId: `test-${run}`, log: silentLog }
  const topics = ownTopics(run)
  const own = await createEmptyDatabase(server, 'backfill')
  await bootstrap({ kafka, registry, databaseUrl: own.url, config, log: silentLog, topics })
  const folder = mkdtempSync(join(tmpdir(), 'backfill-'))
  const file = join(folder, 'sent.jsonl')
  const journal = openJournal(file)
  const simulator = await startSimulator({
    instruments: instrumentsOf(config),
    framesPerSecond: 300,
    seed: 3,
    script: [],
    journal,
    port: 0,
    ...(restKeeps === undefined ? {} : { restKeeps }),
  })
  const ranges = await openRanges(kafka)
  const stopSink = await startSink(run, kafka, topics, own.url)
  onTestFinished(async () => {
    await stopSink()
    await ranges.close()
    await simulator.stop()
    await own.drop()
    rmSync(folder, { recursive: true })
  })
  return {
    pool: own.pool,
    producers: (room?: () => boolean) =>
      startProducers({
        kafka,
        topics,
        base: `http://127.0.0.1:${simulator.port}`,
        ...(room === undefined ? {} : { room }),
      }),
    /** Ends the exchanges; what they had sent. */
    async sent(): Promise<readonly SentTrade[]> {
      await simulator.stop()
      journal.close()
      return sentTrades(file)
    },
    /** Every trade on the log, as often as it stands there. */
    logged: async (): Promise<readonly Tick[]> => {
      const decoder = registry.decoder(tickCodec)
      const found: Tick[] = []
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const slot = { topic: topics.ticks.name, partition }
        const { first, end } = await ranges.bounds(slot)
        for await (const records of ranges.read(slot, first, end))
          for (const { value } of records) {
            const one = await decodedTick(decoder, value)
            if (one?.payload.kind === 'trade') found.push(one)
          }
      }
      return found
    },
  }
}

async function startSink(
  run: string,
  kafka: KafkaOptions,
  topics: Catalogue,
  url: string,
): Promise<() => Promise<void>> {
  const writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  const ranges = await openRanges(kafka)
  const topic = topics.ticks.name
  const sink = runTicksSink({
    kafka,
    groupId: `crosstide.test-${run}`,
    topic,
    databaseUrl: url,
    registry,
    ranges,
    writer,
  })
  return async () => {
    await sink.stop()
    await writer.close(1000)
    await ranges.close()
  }
}

/** The producers as `main.ts` wires them; `room`: whether the writer takes what a backfill offers. */
async function startProducers({
  kafka,
  topics,
  base,
  room = () => true,
}: {
  readonly kafka: KafkaOptions
  readonly topics: Catalogue
  readonly base: string
  readonly room?: () => boolean
}) {
  const abort = new AbortController()
  const tickLog = await openTickLog({
    kafka,
    registry,
    topics,
    metrics: createMetrics('producers', 'test'),
    lost: () => undefined,
    journal: undefined,
  })
  const ranges = await openRanges(kafka)
  const feeds: RunningFeed[] = []
  const clocked = new Set<RunningFeed>()
  const outcomes: { readonly exchange: string; readonly reason: string; readonly outcome: string }[] = []
  const open = new Set<Parameters<World['openSocket']>[1]>()
  let isCut = false
  const world: World = {
    now,
    random: () => 0.3,
    session: sessionNumbers(),
    connects: connectsByHost(),
    openSocket(url, events) {
      if (isCut) {
        setImmediate(() => events.closed({ reason: 'error', detail: 'cut' }))
        return { send: () => undefined, terminate: () => undefined }
      }
      open.add(events)
      const socket = openSocket(url, {
        ...events,
        closed: (closing) => {
          if (open.delete(events)) events.closed(closing)
        },
      })
      cutters.set(events, () => socket.terminate())
      return socket
    },
    turn: () => undefined,
    offer(tick, key, partition) {
      const taken = tickLog.offer(tick, key, partition)
      if (taken) filling.offered(tick, partition)
      return taken
    },
    letter: () => undefined,
    event: () => undefined,
  }
  const cutters = new Map<object, () => void>()
  const filling = openBackfills((exchange) => ({
    now,
    random: Math.random,
    session: (at, time) => world.session(at, time),
    sleep: (ms) => sleep(ms, undefined, { signal: abort.signal }).catch(() => undefined),
    stopped: () => abort.signal.aborted,
    get: ({ url, headers = {} }) => getText(simulated(url, exchange, base), headers, abort.signal),
    asked: () => undefined,
    tail: (_, partition, since, backMs) =>
      tradeTail({ ranges, registry, topic: topics.ticks }, exchange, partition, since, backMs),
    offer: (tick, key, partition) => room() && tickLog.offer(tick, key, partition),
    settled: () => tickLog.settled(),
    markets: () =>
      [...clocked].filter((feed) => feed.exchange === exchange).flatMap(({ state }) => [...state.markets.values()]),
    done: (_, outcome, { payload }) =>
      outcomes.push({ exchange, outcome, reason: payload.kind === 'gap' ? payload.reason : '' }),
    failed: (_, error) => {
      if (!abort.signal.aborted) console.error(error)
    },
  }))
  const shared = {
    feed: 'SIMULATED' as const,
    partitions: PARTITIONS,
    inverses: new Set<string>(),
    conversions: new Set<string>(),
  }
  const fleet = { world, shared, feeds, clocked, waiting: new Map<string, string>() }
  const clock = setInterval(() => {
    for (const feed of clocked) feed.input({ kind: 'clock', time: now(), random: 0.3 })
  }, 100)
  const tail = await lastTrades({ kafka, registry, topic: topics.ticks }, EXCHANGES)
  for (const exchange of EXCHANGES)
    void follower(fleet, exchange, {
      address: (url) => simulated(url, exchange, base),
      lastTrades: tail(exchange),
      list: (url, parse) => getJson(url, parse, abort.signal, () => undefined).catch(() => undefined),
    }).want(SYMBOLS[exchange], new Set())
  return {
    outcomes,
    /** Gaps of disconnects that were written so far, and how many of those were dealt with. */
    disconnects: () => ({
      written: feeds.reduce((sum, { state }) => sum + state.counts.gaps.DISCONNECT, 0),
      done: outcomes.filter(({ reason }) => reason === 'DISCONNECT').length,
    }),
    /** No socket lives and none opens for a time. */
    async cut(ms: number): Promise<void> {
      isCut = true
      for (const events of open) {
        open.delete(events)
        cutters.get(events)?.()
        events.closed({ reason: 'error', detail: 'cut' })
      }
      await sleep(ms)
      isCut = false
    },
    async stop(): Promise<void> {
      abort.abort()
      clearInterval(clock)
      for (const feed of feeds) feed.stop()
      await tickLog.close(4000)
      await ranges.close()
    },
  }
}

type Pool = Awaited<ReturnType<typeof pipeline>>['pool']

const rowsOf = async (pool: Pool) => {
  const { rows } = await pool.query<{ key: string; id: string; feed: string }>(
    "select exchange || '/' || symbol as key, trade_id as id, feed from trades order by 1, trade_id::bigint",
  )
  return Map.groupBy(rows, ({ key }) => key)
}

async function eventually(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await sleep(100)
}

/** Waits until the sink has stored every trade on the log. */
const stored = ({ pool, logged }: Awaited<ReturnType<typeof pipeline>>) =>
  eventually(async () => {
    const keys = new Set((await logged()).map(({ exchange, symbol, sequence }) => `${exchange}/${symbol}/${sequence}`))
    const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from trades')
    return rows[0]?.n === keys.size
  })

const openGaps = async (pool: Pool, reason: string): Promise<number> => {
  const { rows } = await pool.query<{ n: number }>(
    'select count(*)::int as n from gaps where reason = $1 and not backfilled',
    [reason],
  )
  return rows[0]?.n ?? 0
}

const holes = (ids: readonly { readonly id: string }[]): readonly number[] =>
  ids.flatMap(({ id }, index) => {
    const before = ids[index - 1]
    return before === undefined
      ? []
      : Array.from({ length: Number(id) - Number(before.id) - 1 }, (_, n) => Number(before.id) + 1 + n)
  })

const keyOf = ({ exchange, symbol }: { readonly exchange: string; readonly symbol: string }) => `${exchange}/${symbol}`
const ALL = Object.values(SYMBOLS).flat().length

/** Every symbol had its first record, which a gap precedes, and some more. */
async function begun({ disconnects }: Awaited<ReturnType<typeof startProducers>>): Promise<void> {
  await eventually(() => disconnects().written >= ALL)
  await sleep(1500)
}

/** Every symbol has come back and what it missed was looked for. */
const afterCut = ({ disconnects }: Awaited<ReturnType<typeof startProducers>>) =>
  eventually(() => disconnects().written >= 2 * ALL && disconnects().done >= disconnects().written)

// Each waits for its exchanges far more than it works.
describe('a gap in the exchanges’ frames', { concurrent: true }, () => {
  test(
    'is filled from REST: every trade that was sent is a row, once, and the gap is closed',
    { timeout: 90_000 },
    async (context) => {
      const { expect } = context
      const line = await pipeline(context)
      const producers = await line.producers()
      await begun(producers)
      await producers.cut(3000)
      await afterCut(producers)
      const sent = await line.sent()
      await stored(line)
      await producers.stop()
      const rows = await rowsOf(line.pool)
      const minutes = await line.pool.query<{ n: number }>('select sum(trades)::int as n from trade_minutes')
      expect([...rows.keys()].toSorted()).toEqual([...new Set(sent.map(keyOf))].toSorted())
      for (const [key, ids] of rows) {
        const told = new Set(ids.map(({ id }) => id))
        expect({ key, holes: holes(ids) }).toEqual({ key, holes: [] })
        expect(sent.filter((one) => keyOf(one) === key && !told.has(one.id))).toEqual([])
        expect(ids.some(({ feed }) => feed === 'BACKFILL')).toBe(true)
      }
      expect(await openGaps(line.pool, 'DISCONNECT')).toBe(0)
      expect(minutes.rows[0]?.n).toBe([...rows.values()].reduce((sum, ids) => sum + ids.length, 0))
    },
  )

  test(
    'of which REST has forgotten a part stays open, and what REST still has is there',
    { timeout: 90_000 },
    async (context) => {
      const { expect } = context
      const line = await pipeline(context, 20)
      const producers = await line.producers()
      await begun(producers)
      await producers.cut(6000)
      await afterCut(producers)
      await line.sent()
      await stored(line)
      await producers.stop()
      const rows = await rowsOf(line.pool)
      const { rows: gaps } = await line.pool.query<{ key: string; open: boolean }>(
        "select exchange || '/' || symbol as key, not backfilled as open from gaps where reason = 'DISCONNECT'",
      )
      const lacking = [...rows].filter(([, ids]) => holes(ids).length > 0).map(([key]) => key)
      // The busiest symbols traded more than REST keeps.
      expect(lacking).toContain('coinbase/BTC-USD')
      expect(gaps.filter(({ open }) => open).map(({ key }) => key)).toEqual(expect.arrayContaining(lacking))
      expect(producers.outcomes).toContainEqual({ exchange: 'coinbase', reason: 'DISCONNECT', outcome: 'unfillable' })
    },
  )

  test(
    'that a process was filling when it died is filled by the next one, and no trade stands on the log twice',
    { timeout: 90_000 },
    async (context) => {
      const { expect } = context
      const line = await pipeline(context)
      let room = 25
      const first = await line.producers(() => room-- > 0)
      await begun(first)
      await first.cut(2500)
      await eventually(() => room <= 0)
      await first.stop()
      await sleep(1000)
      const second = await line.producers()
      const done = (reason: string) => second.outcomes.filter((one) => one.reason === reason).length
      await eventually(() => done('START') >= EXCHANGES.length * PARTITIONS && done('DISCONNECT') >= 1)
      await eventually(async () => (await openGaps(line.pool, 'DISCONNECT')) === 0)
      await line.sent()
      await stored(line)
      await second.stop()
      const logged = (await line.logged()).map((one) => `${keyOf(one)}/${one.sequence}`)
      expect(logged.length - new Set(logged).size).toBe(0)
      for (const [key, ids] of await rowsOf(line.pool)) expect({ key, holes: holes(ids) }).toEqual({ key, holes: [] })
    },
  )
})
