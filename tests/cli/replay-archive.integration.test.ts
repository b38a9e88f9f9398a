import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archiveSlot } from '../../cli/archive.ts'
import { openReplayLog } from '../../cli/replay-log.ts'
import { marketReplay } from '../../cli/replay-market.ts'
import { verifyPartition } from '../../cli/replay-verify.ts'
import { verify } from '../../cli/replay.ts'
import { folderStore, type ArchiveStore } from '../../io/archive-store.ts'
import { parseEnvironment } from '../../io/environment.ts'
import { openS3Archive } from '../../io/s3-archive.ts'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { MARKET_TOPICS, memoryLog, writtenLog } from '../support/replay-log.ts'
import { S3_KEYS, s3Program, startS3, type S3Server } from '../support/s3.ts'

const LOG = logOf(seededStory(5, { hours: 4, quietMillis: 30 * 60_000, beatMillis: 300_000, busy: 60 }))
const END = (LOG.at(-1)?.offset ?? 0) + 1
const TICKS = { topic: MARKET_TOPICS.ticks.name, partition: 0 }
const BUCKET = 'replayed'

const program = await s3Program()
const memory = memoryLog(writtenLog(LOG).slots)
let registry: Server
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-replay-'))
  // All that archiving asks a registry for.
  registry = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const schema = await memory.schemaText(Number(request.url?.split('/').at(-1)))
      response.writeHead(schema === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ schema }))
    }
    void answer()
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
})
afterAll(async () => {
  registry.close()
  await rm(folder, { recursive: true, force: true })
})

/** Puts the log and what the processor wrote there. */
async function fill(store: ArchiveStore): Promise<void> {
  const address = registry.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const ranges = {
    ...memory,
    follow: (): never => {
      throw new Error('an archive has an end')
    },
  }
  const deps = { ranges, registry: `http://127.0.0.1:${port}`, store, print: () => {} }
  const { ticks, candles, opportunities, system, matches, alerts } = MARKET_TOPICS
  for (const spec of [ticks, candles, opportunities, system, matches, alerts]) {
    const slot = { topic: spec.name, partition: 0 }
    const { first, end } = await memory.bounds(slot)
    await archiveSlot(deps, slot, { from: first, to: end })
  }
}

async function expectSameAnswers(where: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const place = { archive: where, endpoint: undefined, source: undefined }
  const archived = await openReplayLog(parseEnvironment(variables), place)
  const ask = (log: typeof archived, from: number, processed: number | undefined) =>
    verifyPartition(marketReplay(log, MARKET_TOPICS, new Set()), TICKS, { from, to: END }, processed)
  for (const from of [0, Math.floor(END / 3), END - 1]) {
    const answer = await ask(archived, from, END)
    expect(answer).toMatchObject({ kind: 'equal' })
    expect(answer).toEqual(await ask(memory, from, END))
  }
  await archived.close()
}

describe('replay verify', () => {
  test('of an archive in a folder, without a registry, answers as of the log itself', async () => {
    const archive = join(folder, 'archive')
    await fill(folderStore(archive))
    await expectSameAnswers(archive, {})
  })

  test('of an archive that is damaged, or not there, tells no difference', async () => {
    const archive = join(folder, 'damaged')
    await fill(folderStore(archive))
    const ticks = join(archive, TICKS.topic, 'partition=0')
    const [name = ''] = await readdir(ticks)
    await writeFile(join(ticks, name), (await readFile(join(ticks, name))).subarray(0, -30))
    const config = join(folder, 'config.json')
    await writeFile(config, JSON.stringify({ partitions: 1, exchanges: { kraken: { symbols: ['BTC-USD'] } } }))
    const environment = parseEnvironment({ CROSSTIDE_CONFIG: config })
    const options = { processor: 'market', partition: undefined, from: 'start', to: 'end' }
    const place = { endpoint: undefined, source: undefined }
    expect(await verify(environment, { ...options, ...place, archive }, true)).toBe(3)
    const nowhere = verify(environment, { ...options, ...place, archive: join(folder, 'none') }, true)
    await expect(nowhere).rejects.toMatchObject({ code: 'WRONG_USE' })
  })

  test('of an archive at an S3 endpoint answers as of the log itself', async ({ skip }) => {
    if (program === undefined) return skip('no S3 server here')
    const server: S3Server = await startS3(program)
    try {
      await new AwsClient({ ...S3_KEYS, service: 's3', region: 'us-east-1' }).fetch(`${server.endpoint}/${BUCKET}`, {
        method: 'PUT',
      })
      const variables = {
        AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
        AWS_ENDPOINT_URL: server.endpoint,
      }
      const where = `s3://${BUCKET}/2026`
      const store = openS3Archive(where, undefined, parseEnvironment(variables))
      await fill(store)
      await store.close()
      await expectSameAnswers(where, variables)
    } finally {
      await server.stop()
    }
  })
})
