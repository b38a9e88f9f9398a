import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findJava } from '../../dev/java.ts'
import type { Part, PartProgress } from '../../dev/parts.ts'
import { freePort } from '../../dev/ports.ts'
import { startStack, type Stack, type StackOptions } from '../../dev/stack.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { createLog } from '../../io/log.ts'
import { catalogue } from '../../schemas/topics.ts'

const { ticks } = catalogue(2)
const log = createLog('test', 'silent')
const java = await findJava(process.env)
const progress: PartProgress[] = []
const exits: Part[] = []

let folder = ''
let options: StackOptions
let stack: Stack
let first = 0

beforeAll(async () => {
  // A blank and an umlaut: what a home folder may hold, and Java, PostgreSQL and shells trip over.
  folder = await mkdtemp(join(tmpdir(), 'crosstide stäck-'))
  options = {
    dataDir: join(folder, 'data'),
    ports: { postgres: await freePort(), kafka: await freePort(), registry: await freePort() },
    external: {},
    variables: process.env,
    onProgress: (one) => progress.push(one),
    onExit: (part) => exits.push(part),
  }
})
afterAll(async () => {
  await stack?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe.skipIf(java === undefined)('the embedded stack', () => {
  test('starts all three side by side and says so', async () => {
    stack = await startStack(options)
    for (const part of ['postgres', 'kafka', 'registry'])
      expect(progress.findLast((one) => one.part === part)).toMatchObject({ state: 'ready' })
    expect(Object.keys(stack.pids()).toSorted()).toEqual(['kafka', 'postgres', 'registry'])
  })

  test('is reached from this machine only', async () => {
    for (const port of Object.values(options.ports)) {
      expect(await canConnect('127.0.0.1', port)).toBe(true)
      // Another address of this host: a server that listens on all of them would answer.
      expect(await canConnect('127.0.0.2', port)).toBe(false)
    }
  })

  test('keeps its passwords to its user', async () => {
    const address = new URL(stack.database)
    address.password = 'guess'
    const wrong = new Client({ connectionString: address.href })
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  test('refuses a second start in its data directory', async () => {
    const ports = { postgres: 0, kafka: 0, registry: 0 }
    await expect(refused({ ...options, ports })).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining(`pid ${process.pid}`),
    })
    expect(Object.keys(stack.pids())).toHaveLength(3)
  })

  test('refuses a port that is taken, and leaves nothing running', async () => {
    const other = { ...options, dataDir: join(folder, 'other'), ports: { ...options.ports, postgres: 0, registry: 0 } }
    await expect(refused(other)).rejects.toMatchObject({ code: 'PORT_BUSY' })
    expect(await processesIn(join(folder, 'other'))).toEqual([])
  })

  test('Kafka has its topics and records back after kill -9, on the same port', async () => {
    await withTopics(async (topics) => expect(await topics.ensure([ticks])).toEqual([]))
    const at = await append('before')
    await killed('kafka')
    await stack.restart('kafka')
    expect(await recordAt(at)).toBe('before')
    expect(await append('after')).toBe(at + 1)
  })

  test('the registry keeps the id of a schema that was registered just before kill -9, and gives it to no other', async () => {
    first = await register('first')
    await killed('registry')
    await stack.restart('registry')
    expect(await schemaName(first)).toBe('first')
    expect(await register('second')).not.toBe(first)
    expect(await register('first')).toBe(first)
  })

  test('PostgreSQL has its committed rows back after kill -9, and the registry works on', async () => {
    await query('CREATE TABLE kept (n integer)')
    await query('INSERT INTO kept VALUES (42)')
    // A backend that computes outlives its server, half a minute here, and the next one is refused while it does.
    const busy = query('DO $$ BEGIN FOR i IN 1..40000000 LOOP PERFORM i; END LOOP; END $$').catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await killed('postgres')
    const killedAt = performance.now()
    await stack.restart('postgres')
    expect(performance.now() - killedAt).toBeLessThan(10_000)
    await busy
    expect(await query('SELECT n FROM kept')).toEqual([{ n: 42 }])
    expect(await schemaName(first)).toBe('first')
  })

  test('survives the kill of its parent: the next start ends what is left and has all data', async () => {
    await stack.stop()
    const parent = await startInChild()
    expect(await processesIn(folder)).not.toEqual([])
    parent.kill()
    await parent.gone
    stack = await startStack(options)
    expect(stack.leftovers.toSorted()).toEqual(
      Object.entries(parent.pids)
        .map(([part, pid]) => `${part} (pid ${pid})`)
        .toSorted(),
    )
    expect(await query('SELECT n FROM kept')).toEqual([{ n: 42 }])
    expect(await schemaName(first)).toBe('first')
    expect(await append('later')).toBe(2)
  })

  test('stops within ten seconds, with no process and no lock left', async () => {
    const startedAt = performance.now()
    await stack.stop()
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(await processesIn(folder)).toEqual([])
    expect(await readdir(join(folder, 'data', 'pids'))).toEqual([])
    expect(await readdir(join(folder, 'data'))).not.toContain('up.lock')
    await stack.stop()
  })

  test('a start that is given up leaves nothing running', async () => {
    const abort = new AbortController()
    const starting = startStack({ ...options, signal: abort.signal })
    setTimeout(() => abort.abort(), 700)
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' })
    expect(await processesIn(folder)).toEqual([])
  })
})

/** A start that should be refused; one that is not is stopped again. */
async function refused(other: StackOptions): Promise<void> {
  const started = await startStack(other)
  await started.stop()
}

async function killed(part: Part): Promise<void> {
  process.kill(stack.pids()[part] ?? 0, 'SIGKILL')
  await vi.waitFor(() => expect(exits.splice(0)).toEqual([part]))
}

/** Registers a schema by the Confluent API; answers its id. */
async function register(name: string): Promise<number> {
  const schema = JSON.stringify({ type: 'record', name, fields: [] })
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  const request = { method: 'POST', headers, body: JSON.stringify({ schema }) }
  const answer: unknown = await (await fetch(`${stack.registry}/subjects/${name}-value/versions`, request)).json()
  return Number(field(answer, 'id'))
}

async function schemaName(id: number): Promise<unknown> {
  const answer: unknown = await (await fetch(`${stack.registry}/schemas/ids/${id}`)).json()
  return field(JSON.parse(String(field(answer, 'schema'))), 'name')
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined

async function withTopics(use: (topics: Awaited<ReturnType<typeof openTopics>>) => Promise<void>): Promise<void> {
  const topics = await openTopics({ brokers: stack.brokers, clientId: 'stack-test', log })
  await use(topics).finally(() => topics.close())
}

async function append(text: string): Promise<number> {
  const writer = await openWriter({ ...PROCESSOR_WRITER, brokers: stack.brokers, clientId: 'stack-test', log })
  const value = Buffer.from(text)
  const record = { topic: ticks.name, partition: 1, key: Buffer.from('BTC'), value, timestampMs: Date.now() }
  const [stored] = await writer.append([record]).finally(() => writer.close(2000))
  return stored?.first ?? -1
}

async function recordAt(offset: number): Promise<string | undefined> {
  const ranges = await openRanges({ brokers: stack.brokers, clientId: 'stack-test', log })
  try {
    for await (const records of ranges.read({ topic: ticks.name, partition: 1 }, offset, offset + 1))
      return records[0]?.value?.toString()
    return undefined
  } finally {
    await ranges.close()
  }
}

async function query(text: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: stack.database })
  client.on('error', () => undefined)
  await client.connect()
  return client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

/** Starts the stack in a Node process of its own; `kill` ends that process as `kill -9` does. */
async function startInChild(): Promise<{
  readonly pids: Readonly<Record<string, number>>
  kill(): void
  readonly gone: Promise<unknown>
}> {
  const { dataDir, ports } = options
  const script = `import { startStack } from ${JSON.stringify(new URL('../../dev/stack.ts', import.meta.url).href)}
    const stack = await startStack({ dataDir: ${JSON.stringify(dataDir)}, ports: ${JSON.stringify(ports)}, external: {}, variables: process.env })
    process.send(stack.pids())
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const pids = await new Promise<Readonly<Record<string, number>>>((resolve, reject) => {
    child.once('message', (message) => resolve(Object.fromEntries(Object.entries(message))))
    child.once('exit', () => reject(new Error('the child ended while it started the stack')))
  })
  return { pids, kill: () => child.kill('SIGKILL'), gone }
}

/** Processes whose command or working folder names a folder. */
async function processesIn(path: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command, cwd] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ])
      return command.includes(path) || cwd.startsWith(path) ? [`${pid} ${command}`] : []
    }),
  )
  return found.flat()
}

async function canConnect(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 1000 })
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('timeout', () => resolve(false))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return connected
}
