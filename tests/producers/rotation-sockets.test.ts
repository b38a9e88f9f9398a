import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { now } from '../../io/clock.ts'
import { openSocket } from '../../io/websocket.ts'
import { isFillable } from '../../producers/backfill-jobs.ts'
import { runFeed } from '../../producers/shell.ts'
import { aggTrade, BTC, bookTicker, harness } from './harness.ts'
import { world } from './world.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** An exchange that trades each few milliseconds; after 100 trades it announces a shutdown to its first client. */
async function exchange() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  let made = 0
  let clients = 0
  let isAnnounced = false
  server.on('connection', (client) => {
    clients++
    client.send(JSON.stringify(bookTicker(made + 1)))
  })
  const timer = setInterval(() => {
    const [first] = server.clients
    if (first === undefined) return
    made++
    const trade = aggTrade(made)
    const text = JSON.stringify({ ...trade, data: { ...trade.data, T: now() } })
    for (const client of server.clients) client.send(text)
    if (made === 100 && !isAnnounced) {
      isAnnounced = true
      first.send(JSON.stringify({ e: 'serverShutdown', E: 1 }))
    }
  }, 5)
  cleanups.push(() => {
    clearInterval(timer)
    for (const client of server.clients) client.terminate()
    server.close()
  })
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `ws://127.0.0.1:${port}/`, clients: () => clients }
}

test('a feed survives an announced shutdown of real sockets: no trade lost or doubled, no gap but START', async () => {
  const { url, clients } = await exchange()
  const around = world()
  const { settings } = harness({ instruments: [BTC], partitions: 1 }).state
  const feed = runFeed({ ...settings, address: () => url }, { ...around.effects, now, openSocket })
  const clock = setInterval(() => feed.input({ kind: 'clock', time: now(), random: 0 }), 20)
  cleanups.push(() => clearInterval(clock))
  const ids = (): readonly number[] =>
    around.seen.flatMap(({ tick }) => (tick.payload.kind === 'trade' ? [Number(tick.payload.id)] : []))
  await expect.poll(() => feed.state.counts.reconnects.get('rotated'), { timeout: 60_000 }).toBe(1)
  const turn = ids().length
  await expect.poll(() => ids().length, { timeout: 60_000 }).toBeGreaterThan(turn + 100)
  feed.stop()
  const [first = 0] = ids()
  expect(ids()).toEqual(Array.from({ length: ids().length }, (_, index) => first + index))
  const gaps = around.seen.flatMap(({ tick }) => (tick.payload.kind === 'gap' ? [tick.payload] : []))
  expect(gaps.map(({ reason }) => reason)).toEqual(['START', 'DISCONNECT', 'START'])
  expect(gaps[2]?.from).toBe(gaps[2]?.to)
  // Nothing is missing, so nothing is reported, nor asked for again.
  expect(around.events.filter(({ event }) => event === 'GAP')).toHaveLength(2)
  expect(around.seen.filter(({ tick }) => isFillable(tick))).toHaveLength(2)
  expect(clients()).toBe(2)
  expect(new Set(around.seen.map(({ tick }) => tick.session)).size).toBe(2)
}, 120_000)
