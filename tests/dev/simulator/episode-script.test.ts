import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { openJournal } from '../../../dev/simulator/journal.ts'
import { parseScript } from '../../../dev/simulator/script.ts'
import { startSimulator } from '../../../dev/simulator/simulator.ts'

const SYMBOLS = ['BTC-USD', 'ETH-USD', 'ETH-BTC']
const instruments = instrumentsOf({ exchanges: { coinbase: { symbols: SYMBOLS }, kraken: { symbols: SYMBOLS } } })
const line = z.looseObject({ kind: z.string(), state: z.string().optional() })

test('a script orders episodes of the market', () => {
  expect(parseScript('{"atMs":9,"do":"storm"}\n{"do":"calm"}', 'script')).toEqual([
    { atMs: 0, do: 'calm' },
    { atMs: 9, do: 'storm', forMs: 5000 },
  ])
  expect(() => parseScript('{"atMs":9,"do":"depeg","asset":"USDT"}', 'script')).toThrow(/line 1: bps/)
})

test('what a script orders is in the journal, with the gaps it opens, and a calm one has no other', async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'episodes-'))
  const file = join(folder, 'journal.jsonl')
  const journal = openJournal(file)
  const orders = [
    { do: 'calm' },
    { atMs: 0, do: 'price-gap', exchange: 'kraken', symbol: 'BTC-USD', bps: 100, forMs: 200 },
    { atMs: 600, do: 'freeze', exchange: 'kraken', forMs: 60_000 },
  ]
  const script = parseScript(orders.map((order) => JSON.stringify(order)).join('\n'), 'script')
  const simulator = await startSimulator({ instruments, framesPerSecond: 400, seed: 1, script, journal, port: 0 })
  onTestFinished(async () => {
    await simulator.stop()
    journal.close()
    rmSync(folder, { recursive: true })
  })
  const frames: string[] = []
  const socket = new WebSocket(`ws://127.0.0.1:${simulator.port}/kraken/v2`)
  socket.on('message', (content: Buffer) => frames.push(content.toString()))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send('{"method":"subscribe","params":{"channel":"ticker","event_trigger":"bbo","symbol":["BTC/USD"]}}')
  const events = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      // The last one is empty, or not whole yet.
      .slice(0, -1)
      .map((text) => line.parse(JSON.parse(text)))
      .filter(({ kind }) => kind === 'episode' || kind === 'gap')
  const until = async (happened: () => boolean): Promise<void> => {
    for (let i = 0; i < 600 && !happened(); i += 1) await sleep(10)
    expect(happened()).toBe(true)
  }

  await until(() => events().some(({ episode }) => episode === 2))
  // Frames of the step in which it froze may still be on their way.
  await sleep(100)
  const quoted = frames.length
  socket.send('{"method":"ping","req_id":7}')
  await until(() => frames.slice(quoted).some((frame) => frame.includes('"pong"')))
  await until(() => frames.slice(quoted).some((frame) => frame.includes('"heartbeat"')))
  expect(frames.slice(quoted).filter((frame) => frame.includes('"ticker"'))).toEqual([])

  const told = events()
  expect(told.filter(({ kind }) => kind === 'episode')).toMatchObject([
    { state: 'OPEN', episode: 1, order: { do: 'price-gap', symbol: 'BTC-USD' } },
    { state: 'CLOSE', episode: 1 },
    { state: 'OPEN', episode: 2, order: { do: 'freeze' } },
  ])
  const gaps = told.filter(({ kind }) => kind === 'gap')
  // Between the exchanges, and round the triangle at the one that left.
  const routes = gaps.filter(({ state }) => state === 'OPEN').map(({ route }) => route)
  expect(new Set(routes)).toEqual(new Set(['cross', 'triangle']))
  expect(gaps.filter(({ state }) => state === 'CLOSE')).toHaveLength(routes.length)
  expect(gaps.find(({ route }) => route === 'cross')).toMatchObject({
    legs: [
      { exchange: 'coinbase', symbol: 'BTC-USD', side: 'BUY', price: expect.any(String) },
      { exchange: 'kraken', symbol: 'BTC-USD', side: 'SELL', price: expect.any(String) },
    ],
    openAt: expect.any(Number),
  })
})
