import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { openRanges } from '../../io/kafka/ranges.ts'
import { createLog } from '../../io/log.ts'
import { catalogue } from '../../schemas/topics.ts'
import { ackedTicks, brokenLaws, missingTrades, sentTrades } from '../support/invariants.ts'
import { startPipeline, type Pipeline } from '../support/pipeline.ts'

const TICKS = catalogue(6).ticks

/** What the exchanges do wrong meanwhile, in milliseconds after the first client connected. */
const SCRIPT = [
  { atMs: 4000, exchange: 'kraken', do: 'malformed' },
  { atMs: 7000, exchange: 'coinbase', do: 'duplicate' },
  { atMs: 9000, exchange: 'binance', do: 'disconnect', code: 1006 },
  { atMs: 12_000, exchange: 'binance', do: 'sequence-gap', count: 3 },
]

test(
  'nothing acknowledged is lost or doubled, and every loss is on record, whatever is killed',
  { timeout: 300_000 },
  async () => {
    await using pipeline = await startPipeline(await settings())
    await wreak(pipeline)
    const pool = new Pool({ connectionString: (await pipeline.endpoints()).database, max: 2 })
    try {
      const until = (Date.now() - 2000) * 1000
      await caughtUp(pipeline, pool)
      const journals = pipeline.environment['CROSSTIDE_JOURNAL'] ?? ''
      const sent = await sentTrades(join(journals, 'simulator.jsonl'))
      const acked = await ackedTicks(join(journals, 'producers.jsonl'))

      expect(await brokenLaws(pool, { sent, acked, until })).toEqual([])
      // The run was one that could have failed: there was traffic, and kills cost some of it.
      expect(acked.length).toBeGreaterThan(5000)
      expect(await missingTrades(pool, { sent, acked, until })).toBeGreaterThan(0)
      expect(await reasons(pool)).toEqual(expect.arrayContaining(['DISCONNECT', 'SEQUENCE', 'START']))
      const { code, tookMs } = await pipeline.stop()
      expect({ code, inTime: tookMs < 10_000 }).toEqual({ code: 0, inTime: true })
    } finally {
      await pool.end()
    }
  },
)

async function settings(): Promise<Readonly<Record<string, string>>> {
  const { mkdtemp } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const folder = await mkdtemp(join(tmpdir(), 'crosstide-kill-'))
  const script = join(folder, 'script.jsonl')
  await writeFile(script, SCRIPT.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return {
    CROSSTIDE_SIMULATOR_RATE: '500',
    CROSSTIDE_SIMULATOR_SEED: '7',
    CROSSTIDE_SIMULATOR_SCRIPT: script,
    CROSSTIDE_JOURNAL: join(folder, 'journals'),
  }
}

/** Half a minute of kills under load; whoever is killed is started again by `crosstide up`. */
async function wreak(pipeline: Pipeline): Promise<void> {
  await sleep(5000)
  await pipeline.kill('producers', 'SIGKILL')
  await sleep(4000)
  await pipeline.kill('consumers', 'SIGKILL')
  await sleep(4000)
  // A second sink takes over the partitions of one that is frozen; the frozen one wakes and must not harm.
  const frozen = await pipeline.kill('consumers', 'SIGSTOP')
  const second = pipeline.run('run', 'consumers', 'ticks')
  await sleep(15_000)
  process.kill(frozen, 'SIGCONT')
  await sleep(2000)
  second.kill('SIGTERM')
  await pipeline.kill('kafka', 'SIGKILL')
  await sleep(8000)
}

/** Waits until the sink has stored everything that was in the log when it was asked. */
async function caughtUp(pipeline: Pipeline, pool: Pool): Promise<void> {
  const { kafka } = await pipeline.endpoints()
  const ranges = await openRanges({ brokers: [kafka], clientId: 'kill-test', log: createLog('test', 'silent') })
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
}

async function reasons(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ reason: string }>('select distinct reason from gaps order by 1')
  return rows.map(({ reason }) => reason)
}
