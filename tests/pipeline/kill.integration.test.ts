import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Pool } from 'pg'
import { expect, test } from 'vitest'
import type { Ranges } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { createLog } from '../../io/log.ts'
import { catalogue } from '../../schemas/topics.ts'
import { ackedTicks, brokenLaws, missingTrades, sentTrades } from '../support/invariants.ts'
import { createTestDatabase } from '../support/database.ts'
import { startPipeline, type Pipeline } from '../support/pipeline.ts'

const TWIN = fileURLToPath(new URL('../support/twin-sink.ts', import.meta.url))
const TICKS = catalogue(6).ticks

/** What the exchanges do wrong meanwhile, in milliseconds after the first client connected. */
const SCRIPT = [
  { atMs: 4000, exchange: 'kraken', do: 'malformed' },
  { atMs: 7000, exchange: 'coinbase', do: 'duplicate' },
  { atMs: 9000, exchange: 'binance', do: 'disconnect', code: 1006 },
  { atMs: 12_000, exchange: 'binance', do: 'sequence-gap', count: 3 },
]

test(
  'nothing acknowledged is lost or doubled and every loss is on record, whatever is killed; a broken twin is found out',
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crosstide-kill-'))
    await using pipeline = await startPipeline(await settings(folder))
    const twin = await createTestDatabase((await pipeline.endpoints()).database, 'twin')
    const takenOver = await wreak(pipeline, twin.url)
    const until = (Date.now() - 2000) * 1000
    const pool = new Pool({ connectionString: (await pipeline.endpoints()).database, max: 2 })
    const ends = await caughtUp(pipeline, pool)
    const sent = await sentTrades(join(folder, 'simulator.jsonl'))
    const journaled = await ackedTicks(join(folder, 'producers.jsonl'))
    // What was acknowledged later may still be on its way to the database.
    const acked = journaled.filter(({ partition, offset }) => offset < (ends[partition] ?? 0))
    const broken = await brokenLaws(pool, { sent, acked, until })
    // The twin may be behind: only what it has stored is judged.
    const brokenByTwin = await brokenLaws(twin.pool, { sent: [], acked: [], until })
    const missing = await missingTrades(pool, { sent, acked, until })
    const backfilled = await backfilledTrades(pool)
    const reasons = await gapReasons(pool)
    await pool.end()
    await twin.drop()
    const { code, tookMs } = await pipeline.stop()
    await rm(folder, { recursive: true })
    console.info(
      `${sent.length} trades sent, ${acked.length} ticks acknowledged, ${missing} trades missing, ${backfilled} backfilled; twin: ${brokenByTwin.join()}`,
    )

    expect(broken).toEqual([])
    expect(brokenByTwin).toEqual([expect.stringContaining('the roll-up equals a recomputation')])
    // The run was one that could have failed: there was traffic, kills cost some of it, a second sink took over.
    expect(acked.length).toBeGreaterThan(5000)
    expect(missing + backfilled).toBeGreaterThan(0)
    expect(takenOver).toBeGreaterThan(0)
    expect(reasons).toEqual(expect.arrayContaining(['DISCONNECT', 'SEQUENCE', 'START']))
    expect({ code, inTime: tookMs < 10_000 }).toEqual({ code: 0, inTime: true })
  },
)

async function settings(folder: string): Promise<Readonly<Record<string, string>>> {
  const script = join(folder, 'script.jsonl')
  await writeFile(script, SCRIPT.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return {
    CROSSTIDE_SIMULATOR_RATE: '500',
    CROSSTIDE_SIMULATOR_SEED: '7',
    CROSSTIDE_SIMULATOR_SCRIPT: script,
    CROSSTIDE_JOURNAL: folder,
  }
}

/**
 * Half a minute of kills under load; whoever is killed is started again by `crosstide up`. Answers how many partitions the
 * second sink took over.
 */
async function wreak(pipeline: Pipeline, twinDatabase: string): Promise<number> {
  let twin = await startTwin(pipeline, twinDatabase)
  await sleep(5000)
  await pipeline.kill('producers', 'SIGKILL')
  await sleep(4000)
  await pipeline.kill('consumers', 'SIGKILL')
  twin.kill('SIGKILL')
  twin = await startTwin(pipeline, twinDatabase)
  await sleep(4000)
  // A second sink takes over the partitions of one that is frozen; the frozen one wakes and must not harm.
  const frozen = await pipeline.kill('consumers', 'SIGSTOP')
  const second = pipeline.run('run', 'consumers', 'ticks')
  let said = ''
  second.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await sleep(15_000)
  process.kill(frozen, 'SIGCONT')
  await sleep(2000)
  second.kill('SIGTERM')
  twin.kill('SIGKILL')
  await pipeline.kill('kafka', 'SIGKILL')
  await sleep(8000)
  return said.split('slot_resumed').length - 1
}

async function startTwin(pipeline: Pipeline, database: string): Promise<ChildProcess> {
  const { kafka, registry } = await pipeline.endpoints()
  const env = { ...process.env, KAFKA_BROKERS: kafka, SCHEMA_REGISTRY_URL: registry, DATABASE_URL: database }
  return spawn(process.execPath, [TWIN], { env, stdio: 'ignore' })
}

/** Waits until the sink has stored everything that was in the log when it was asked; answers the log's ends of then. */
async function caughtUp(pipeline: Pipeline, pool: Pool): Promise<readonly number[]> {
  const { kafka } = await pipeline.endpoints()
  const ranges = await opened(kafka)
  const ends = await Promise.all(
    Array.from(
      { length: TICKS.partitions },
      async (_, partition) => (await ranges.bounds({ topic: TICKS.name, partition })).end,
    ),
  )
  await ranges.close()
  const isBehind = async (): Promise<boolean> => {
    const { rows } = await pool.query<{ part: number; next: number }>(
      'select part, next_offset::float8 as next from ingest.offsets where topic = $1',
      [TICKS.name],
    )
    const next = new Map(rows.map((row) => [row.part, row.next]))
    return ends.some((end, partition) => (next.get(partition) ?? 0) < end)
  }
  while (await isBehind()) await sleep(250)
  return ends
}

/** On a busy machine a broker that was killed takes its time to come back. */
async function opened(kafka: string): Promise<Ranges> {
  for (;;) {
    try {
      return await openRanges({ brokers: [kafka], clientId: 'kill-test', log: createLog('test', 'silent') })
    } catch {
      await sleep(1000)
    }
  }
}

async function backfilledTrades(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>("select count(*)::int as n from trades where feed = 'BACKFILL'")
  return rows[0]?.n ?? 0
}

async function gapReasons(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ reason: string }>('select distinct reason from gaps order by 1')
  return rows.map(({ reason }) => reason)
}
