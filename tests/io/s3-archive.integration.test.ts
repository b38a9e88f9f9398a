import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { archive } from '../../cli/archive.ts'
import { openArchiveLog } from '../../io/archive-log.ts'
import { folderStore, type ArchiveStore } from '../../io/archive-store.ts'
import { parseEnvironment } from '../../io/environment.ts'
import { bucketStore, openS3Archive } from '../../io/s3-archive.ts'
import { openBucket, type BucketOptions } from '../../io/s3.ts'
import {
  HALF_PAST_TEN,
  HOUR,
  archiveAndKill,
  everything,
  startArchiveRig,
  type ArchiveRig,
} from '../support/archive.ts'
import { freshTopic } from '../support/kafka.ts'
import { S3_KEYS, s3Program, startS3, type S3Server } from '../support/s3.ts'

const { brokers, registry, database } = inject('stack')
const BUCKET = 'test-archive'
const MIB = 1024 * 1024

const program = await s3Program()
let server: S3Server
let rig: ArchiveRig
let options: BucketOptions
let folder: string

beforeAll(async () => {
  if (program === undefined) return
  server = await startS3(program)
  rig = await startArchiveRig()
  folder = await mkdtemp(join(tmpdir(), 'crosstide-s3-test-'))
  options = {
    ...S3_KEYS,
    endpoint: server.endpoint,
    bucket: BUCKET,
    region: 'us-east-1',
    sessionToken: undefined,
    partBytes: 5 * MIB,
  }
  await new AwsClient({ ...S3_KEYS, service: 's3', region: 'us-east-1' }).fetch(`${server.endpoint}/${BUCKET}`, {
    method: 'PUT',
  })
})
afterAll(async () => {
  if (program === undefined) return
  await rig.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const bytesIn = async (store: ArchiveStore, path: string): Promise<readonly (readonly [string, string])[]> =>
  Promise.all(
    (await store.files(path)).toSorted().map(async (name) => {
      const hash = createHash('sha256')
      for await (const chunk of store.read(`${path}/${name}`)) hash.update(chunk)
      return [name, hash.digest('hex')] as const
    }),
  )

/** Incomplete uploads and all objects below a prefix, as the server has them. */
async function pending(prefix: string): Promise<number> {
  const client = new AwsClient({ ...S3_KEYS, service: 's3', region: 'us-east-1' })
  const answer = await client.fetch(`${server.endpoint}/${BUCKET}?uploads&prefix=${encodeURIComponent(prefix)}`)
  return [...(await answer.text()).matchAll(/<UploadId>/g)].length
}

/** A TCP proxy before the server; `cut` decides after how many bytes of an answer, or of a request, a connection ends. */
async function proxyTo(endpoint: string) {
  const sockets = new Set<Socket>()
  const rules = { cutAnswerAfter: Infinity, cutRequestAfter: Infinity, cuts: 0 }
  const listening = createServer((client) => {
    const upstream = connect(Number(new URL(endpoint).port), '127.0.0.1')
    const bytes = { answer: 0, request: 0 }
    const end = (): void => void (client.destroy(), upstream.destroy())
    const pass = (to: Socket, way: 'answer' | 'request', most: () => number) => (chunk: Buffer) => {
      bytes[way] += chunk.length
      if (bytes[way] <= most()) return void to.write(chunk)
      rules.cuts += 1
      rules.cutAnswerAfter = Infinity
      rules.cutRequestAfter = Infinity
      end()
    }
    client.on(
      'data',
      pass(upstream, 'request', () => rules.cutRequestAfter),
    )
    upstream.on(
      'data',
      pass(client, 'answer', () => rules.cutAnswerAfter),
    )
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    sockets.add(client)
  })
  await once(listening.listen(0, '127.0.0.1'), 'listening')
  const address = listening.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const stop = (): void => {
    for (const socket of sockets) socket.destroy()
    listening.close()
  }
  return { rules, endpoint: `http://127.0.0.1:${port}`, stop }
}

describe.skipIf(program === undefined)('an archive in a bucket', () => {
  test('has the layout and the bytes of one in a folder, and reads as Kafka does', async () => {
    const topic = await freshTopic(brokers)
    const slot = { topic, partition: 0 }
    await rig.append(
      topic,
      Array.from({ length: 300 }, (_, n) => rig.value(n)),
    )
    await rig.append(topic, [rig.event, null, Buffer.from('no Avro')], HALF_PAST_TEN + HOUR)
    const store = bucketStore(openBucket(options), 'some prefix/ä')
    await rig.archive(store, topic, 0, 303)
    await rig.archive(folderStore(folder), topic, 0, 303)
    const path = `${topic}/partition=0`
    expect(await bytesIn(store, path)).toHaveLength(3)
    expect(await bytesIn(store, path)).toEqual(await bytesIn(folderStore(folder), path))
    const log = openArchiveLog(store)
    expect(await log.slots()).toEqual([slot])
    expect(await everything(log, slot)).toEqual(await everything(rig.ranges, slot))
    expect((await rig.archive(store, topic, 0, 303)).printed).toEqual([])
    await store.close()
  })

  test('gets a large file in parts; killed in the middle it has no half object, and what was begun is cleared', async () => {
    const topic = await freshTopic(brokers, { maxMessageBytes: 2 * MIB })
    await Promise.all(Array.from({ length: 14 }, () => rig.append(topic, [randomBytes(900_000)])))
    const prefix = 'parts'
    const proxy = await proxyTo(server.endpoint)
    const bucket = openBucket({ ...options, endpoint: proxy.endpoint })
    // As a killed process leaves it: two parts there, neither completed nor abandoned.
    const begun = new AwsClient({ ...S3_KEYS, service: 's3', region: 'us-east-1' })
    const key = `${server.endpoint}/${BUCKET}/${prefix}/${topic}/partition%3D0/half.avro`
    const uploadId = /<UploadId>([^<]+)/.exec(
      await (await begun.fetch(`${key}?uploads`, { method: 'POST' })).text(),
    )?.[1]
    const part = await begun.fetch(`${key}?partNumber=1&uploadId=${uploadId}`, {
      method: 'PUT',
      body: randomBytes(5 * MIB),
    })
    expect(part.status).toBe(200)
    const store = bucketStore(bucket, prefix)
    expect([await store.files(`${topic}/partition=0`), await pending(prefix)]).toEqual([[], 1])
    // A connection that breaks in the middle of a part is tried again.
    proxy.rules.cutRequestAfter = 3 * MIB
    const { printed } = await rig.archive(store, topic, 0, 14)
    expect(proxy.rules.cuts).toBe(1)
    expect(printed).toHaveLength(1)
    expect(await pending(prefix)).toBe(0)
    const log = openArchiveLog(store)
    const slot = { topic, partition: 0 }
    expect(await everything(log, slot)).toEqual(await everything(rig.ranges, slot))
    // So is one that breaks in the middle of an answer, from where it broke.
    proxy.rules.cutAnswerAfter = 7 * MIB
    expect(await everything(log, slot)).toHaveLength(14)
    expect(proxy.rules.cuts).toBe(2)
    await store.close()
    proxy.stop()
  })

  test('killed with SIGKILL and begun again it holds what an undisturbed one does', async () => {
    const topic = await freshTopic(brokers)
    const HOURS = 6
    for (let hour = 0; hour < HOURS; hour++) {
      const values = Array.from({ length: 200 }, (_, n) => rig.value(hour * 200 + n))
      await rig.append(topic, values, HALF_PAST_TEN + hour * HOUR)
    }
    await rig.archive(folderStore(folder), topic, 0, HOURS * 200)
    const keys = { AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey }
    const args = [`s3://${BUCKET}/killed`, '--endpoint', server.endpoint, '--topic', topic]
    for (const lines of [2, HOURS + 1]) await archiveAndKill(args, keys, lines)
    const path = `${topic}/partition=0`
    expect(await bytesIn(bucketStore(openBucket(options), 'killed'), path)).toEqual(
      await bytesIn(folderStore(folder), path),
    )
    expect(await pending('killed')).toBe(0)
  })

  test('an upload that fails leaves neither an object nor parts, and the next run ends it', async () => {
    const topic = await freshTopic(brokers, { maxMessageBytes: 2 * MIB })
    await Promise.all(Array.from({ length: 7 }, () => rig.append(topic, [randomBytes(900_000)])))
    const store = bucketStore(openBucket(options), 'fails')
    const real = globalThis.fetch
    globalThis.fetch = (input, init) =>
      input instanceof Request && input.url.includes('partNumber=2')
        ? Promise.resolve(new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 }))
        : real(input, init)
    try {
      await expect(rig.archive(store, topic, 0, 7)).rejects.toMatchObject({
        code: 'ARCHIVE_UNAVAILABLE',
        message: expect.stringContaining('403 AccessDenied'),
      })
    } finally {
      globalThis.fetch = real
    }
    expect([await store.files(`${topic}/partition=0`), await pending('fails')]).toEqual([[], 0])
    await rig.archive(store, topic, 0, 7)
    expect(await store.files(`${topic}/partition=0`)).toHaveLength(1)
    await store.close()
  })

  test('an object that reads back otherwise than it was sent is removed', async () => {
    const bucket = openBucket(options)
    const store = bucketStore(
      {
        ...bucket,
        async *download(key) {
          for await (const chunk of bucket.download(key)) yield Buffer.from(chunk.map((byte) => byte ^ 1))
        },
      },
      'lies',
    )
    const topic = await freshTopic(brokers)
    await rig.append(topic, [rig.value(0)])
    await expect(rig.archive(store, topic, 0, 1)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
    expect(await store.files(`${topic}/partition=0`)).toEqual([])
    await store.close()
  })

  test('lists more objects than one answer holds', async () => {
    const path = join(folder, 'small')
    await writeFile(path, 'x')
    const bucket = openBucket(options)
    const names = Array.from({ length: 1100 }, (_, n) => `many/${String(n).padStart(4, '0')}`)
    for (let at = 0; at < names.length; at += 50)
      await Promise.all(names.slice(at, at + 50).map((name) => bucket.upload(name, path)))
    expect(await bucket.keys('many/')).toEqual(names)
  })

  test('the command takes its credentials from the environment and shows none of them', async () => {
    const topic = await freshTopic(brokers)
    await rig.append(topic, [rig.value(0)])
    const given = (secret: string | undefined) =>
      parseEnvironment({
        KAFKA_BROKERS: brokers.join(),
        SCHEMA_REGISTRY_URL: registry,
        DATABASE_URL: database,
        AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: secret,
      })
    const written: string[] = []
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
    const wanted = { topics: [topic], from: 'start', to: 'end', source: undefined, endpoint: server.endpoint }
    const run = (secret: string | undefined, where = `s3://${BUCKET}/by-command`, endpoint = server.endpoint) =>
      archive(given(secret), where, { ...wanted, endpoint }).catch((error: unknown) => error)
    try {
      expect(await run(S3_KEYS.secretAccessKey)).toBe(0)
      const failures = [
        await run('wrong-secret-of-the-same-length!'),
        await run(undefined),
        await run(S3_KEYS.secretAccessKey, 's3://no-such-bucket/x'),
        await run(S3_KEYS.secretAccessKey, 's3://Not_A_Bucket'),
        await run(S3_KEYS.secretAccessKey, `s3://${BUCKET}`, 'ftp://somewhere'),
      ]
      expect(failures).toMatchObject([
        { code: 'ARCHIVE_UNAVAILABLE', message: expect.stringContaining('SignatureDoesNotMatch') },
        { code: 'WRONG_USE', message: expect.stringContaining('AWS_SECRET_ACCESS_KEY') },
        { code: 'ARCHIVE_UNAVAILABLE', message: expect.stringContaining('NoSuchBucket') },
        { code: 'WRONG_USE' },
        { code: 'WRONG_USE' },
      ])
      const all = JSON.stringify([
        written,
        failures.map((one) => (one instanceof Error ? [one.stack, one.cause] : one)),
      ])
      expect(all).not.toContain(S3_KEYS.secretAccessKey)
      expect(all).not.toContain('wrong-secret')
      expect(written).toEqual([expect.stringContaining(`${topic}/partition=0/2026-11-20T10Z_`)])
    } finally {
      stdout.mockRestore()
    }
    const store = openS3Archive(`s3://${BUCKET}/by-command/`, server.endpoint, given(S3_KEYS.secretAccessKey))
    expect(await openArchiveLog(store).slots()).toEqual([{ topic, partition: 0 }])
  })

  test('what was staged on this machine is gone afterwards', async () => {
    const topic = await freshTopic(brokers)
    await rig.append(topic, [rig.value(0)])
    const staged = async (): Promise<Set<string>> =>
      new Set((await readdir(tmpdir())).filter((name) => name.startsWith('crosstide-archive-')))
    const before = await staged()
    const store = bucketStore(openBucket(options), 'staged')
    await rig.archive(store, topic, 0, 1)
    await store.close()
    expect((await staged()).difference(before)).toEqual(new Set())
  })
})
