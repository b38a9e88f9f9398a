import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, startTimeOf } from '../../dev/identity.ts'
import { answerOf, startPipeline, type Endpoints, type Pipeline } from '../support/pipeline.ts'

let pipeline: Pipeline
let endpoints: Endpoints

beforeAll(async () => {
  pipeline = await startPipeline()
  endpoints = await pipeline.endpoints()
  // Long enough for every service's first heartbeat to be stored.
  await sleep(8000)
})

afterAll(() => pipeline[Symbol.asyncDispose]())

/** Every process of a pipeline, so that whether it still lives can be asked later. */
const processesOf = ({ pids }: Endpoints) =>
  Object.values(pids).map((pid) => ({ pid, startTime: startTimeOf(pid) ?? '' }))

describe('crosstide up', () => {
  test('says where everything is once it is ready', () => {
    expect(Object.keys(endpoints.pids).toSorted()).toEqual(
      ['api', 'consumers', 'kafka', 'postgres', 'processors', 'producers', 'registry', 'simulator', 'up'].toSorted(),
    )
    expect(endpoints).toMatchObject({ source: 'simulated', api: `http://127.0.0.1:${pipeline.environment['PORT']}` })
    expect(pipeline.output()).toContain('SIMULATED')
  })

  test('prints a line of figures every few seconds', () => {
    expect(pipeline.output()).toMatch(
      /\d\d:\d\d:\d\d {2}\d+ ticks\/s {2}71 symbols {2}[\d,]+ rows {2}frame to row p50 \d+ p99 \d+ ms/,
    )
  })

  test('status says that all is ready', async () => {
    const { code, stdout } = await pipeline.ask('status', '--json')
    expect({ code, ready: JSON.parse(stdout)[0].ready }).toEqual({ code: 0, ready: true })
    expect(stdout).not.toContain(new URL(endpoints.database).password)
  })

  test('has the fees and thresholds of the file in force', async () => {
    const { code, stdout } = await pipeline.ask('arbitrage', 'show', '--json')
    expect({ code, shown: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      shown: { epoch: 1, author: 'bootstrap', publishedAt: expect.any(String), body: { openBps: 8 } },
    })
  })

  test('has the rules that ship active, and makes a key that may change them', async () => {
    const { stdout } = await pipeline.ask('rules', 'list', '--json')
    const rules = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rules.map(({ id }) => id)).toContain('price-spike')
    expect(rules.filter(({ activeVersion }) => activeVersion === undefined)).toEqual([])
    const [, file = ''] = /the key to change them is in (\S+)/.exec(pipeline.output()) ?? []
    const key = (await readFile(file, 'utf8')).trim()
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(pipeline.output()).not.toContain(key)
    const refused = await fetch(`${endpoints.api}/api/v1/rules/price-spike/deactivate`, { method: 'POST' })
    expect(refused.status).toBe(401)
    const headers = { authorization: `Bearer ${key}` }
    const done = await fetch(`${endpoints.api}/api/v1/rules/price-spike/deactivate`, { method: 'POST', headers })
    expect([done.status, await done.json()]).toMatchObject([200, { rule: { activation: { state: 'inactive' } } }])
    expect((await pipeline.ask('rules', 'rollback', 'price-spike')).code).toBe(0)
  })

  test('sql answers a query and refuses to write', async () => {
    const answer = await pipeline.ask('sql', 'select exchange, feed from exchanges order by 1', '--json')
    expect(
      answer.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(['binance', 'coinbase', 'gate', 'kraken', 'okx'].map((exchange) => ({ exchange, feed: 'SIMULATED' })))
    const write = await pipeline.ask('sql', 'delete from trades')
    expect(write).toMatchObject({ code: 1, stderr: expect.stringMatching(/read-only|permission denied/) })
  })

  test('candles reach their table, and roll-ups are what the trades say', async () => {
    const candles = async () => (await pipeline.ask('sql', 'select 1 from candles_1s limit 1', '--json')).stdout.trim()
    await expect.poll(candles, { timeout: 40_000, interval: 1000 }).not.toBe('')
    const { code, stdout } = await pipeline.ask('verify', 'rollups', '--json')
    expect({ code, found: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      found: { minutes: expect.any(Number), minutesDrifted: 0, candlesDrifted: 0, drifts: [] },
    })
    expect(JSON.parse(stdout).minutes).toBeGreaterThan(0)
  })

  test('tail prints decoded ticks as JSON lines', async () => {
    const { code, stdout } = await pipeline.ask('tail', 'crypto-prices.ticks', '--from', 'start', '--count', '50')
    const ticks = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect({ code, count: ticks.length }).toEqual({ code: 0, count: 50 })
    // On a busy machine a first gap may have been backfilled by then.
    const feeds = new Set(ticks.map(({ value }) => value.feed))
    expect(feeds.has('SIMULATED') && [...feeds].every((feed) => ['SIMULATED', 'BACKFILL'].includes(feed))).toBe(true)
    expect(ticks.every(({ key, value }) => key === '*' || value.symbol.startsWith(`${key}-`))).toBe(true)
  })

  test('tail names the topic it cannot find', async () => {
    const { code, stderr } = await pipeline.ask('tail', 'no-such-topic')
    expect({ code, named: stderr.includes('no-such-topic') }).toEqual({ code: 1, named: true })
  })

  test('a second one on the same data directory is refused and names the first', async () => {
    const { code, stderr } = await pipeline.ask('up')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(new RegExp(`pid ${endpoints.pids['up']}|held by|port`))
  })

  test('reset refuses while it runs', async () => {
    const { code, stderr } = await pipeline.ask('reset', '--yes')
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('stop it first') })
  })

  test('a role that is killed is started again, and endpoints.json says its new pid', async () => {
    const killed = await pipeline.kill('api', 'SIGKILL')
    await expect.poll(async () => (await pipeline.endpoints()).pids['api'], { timeout: 30_000 }).not.toBe(killed)
    await expect
      .poll(
        () =>
          fetch(`${endpoints.api}/readyz`).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 30_000 },
      )
      .toBe(200)
  })

  test('what a killed parent leaves is ended by the next start, and Ctrl-C leaves no process', async () => {
    const first = processesOf(await pipeline.endpoints())
    await pipeline.kill('up', 'SIGKILL')
    const again = pipeline.run('up')
    let output = ''
    again.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await expect.poll(() => output, { timeout: 60_000 }).toContain('Ctrl-C stops everything')
    expect(first.filter(isAlive)).toEqual([])

    const second = processesOf(await pipeline.endpoints())
    const begun = performance.now()
    again.kill('SIGINT')
    const { code } = await answerOf(again)
    expect({ code, inTime: performance.now() - begun < 10_000, left: second.filter(isAlive) }).toEqual({
      code: 0,
      inTime: true,
      left: [],
    })
    expect(existsSync(join(pipeline.environment['CROSSTIDE_DATA_DIR'] ?? '', 'endpoints.json'))).toBe(false)
  })

  test('a busy port is named with the pid that holds it and the variable that changes it', async () => {
    const server = createServer().listen(Number(pipeline.environment['CROSSTIDE_KAFKA_PORT']), '127.0.0.1')
    const { code, stderr } = await pipeline.ask('up')
    server.close()
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`${process.pid}[^]*CROSSTIDE_KAFKA_PORT`)),
    })
  })

  test('reset deletes the data', async () => {
    expect((await pipeline.ask('reset', '--yes')).code).toBe(0)
    expect(existsSync(pipeline.environment['CROSSTIDE_DATA_DIR'] ?? '')).toBe(false)
  })
})
