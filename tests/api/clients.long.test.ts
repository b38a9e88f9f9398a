import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApiRig, type ApiRig, type Mouth } from '../support/api.ts'
import { trade } from '../support/ticks.ts'

const CLIENTS = 1000
const STALLED = 100
const ROUNDS = 40
const EVERY_MS = 500
/** As many as fill the buffers of the kernel and then ours, for a client that reads nothing. */
const SYMBOLS = Array.from({ length: 1500 }, (_, n) => `C${n}-USD`)

let rig: ApiRig
let kraken: Mouth
beforeAll(async () => {
  rig = await startApiRig({
    async before({ mouth }) {
      kraken = mouth('kraken')
      await kraken.beat()
    },
  })
})
afterAll(() => rig.stop())

type Client = { readonly socket: WebSocket; readonly delaysMs: number[]; closed: number | undefined }

async function join(symbols: readonly string[] | undefined): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`)
  const client: Client = { socket, delaysMs: [], closed: undefined }
  socket.on('close', (code) => (client.closed = code))
  socket.on('message', (data: Buffer) => {
    // Without parsing the whole: a thousand clients are one process here.
    const sent = /"receiveTime":"([^"]+)"/.exec(data.subarray(0, 2000).toString())?.[1]
    if (data.includes('"price_update"') && sent !== undefined) client.delaysMs.push(Date.now() - Date.parse(sent))
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.send(JSON.stringify({ type: 'subscribe_prices', ...(symbols === undefined ? {} : { symbols }) }))
  return client
}

test('1,000 clients are served while 100 of them stall; one more is told 503', async () => {
  const clients: Client[] = []
  for (let n = 0; n < CLIENTS; n += 50)
    clients.push(
      ...(await Promise.all(Array.from({ length: 50 }, (_, k) => join(n + k < STALLED ? undefined : ['BTC-USD'])))),
    )
  const [stalled, healthy] = [clients.slice(0, STALLED), clients.slice(STALLED)]
  await expect(join(undefined)).rejects.toThrow('503')
  await sleep(1000)
  for (const { socket } of stalled) socket.pause()
  const before = process.memoryUsage.rss()
  let most = before
  for (let round = 1; round <= ROUNDS; round++) {
    const price = { price: round }
    await kraken.beat()
    await Promise.all([
      sleep(EVERY_MS),
      kraken.say('BTC-USD', trade(price)),
      ...SYMBOLS.map((symbol) => kraken.say(symbol, trade(price))),
    ])
    most = Math.max(most, process.memoryUsage.rss())
  }
  await sleep(2000)
  const delays = healthy.flatMap(({ delaysMs }) => delaysMs).toSorted((a, b) => a - b)
  const p99Ms = delays[Math.floor(delays.length * 0.99)] ?? Number.NaN
  const grownMiB = Math.round((most - before) / 1024 / 1024)
  const heard = healthy.filter(({ delaysMs }) => delaysMs.length > 0).length
  console.log(JSON.stringify({ messages: delays.length, p99Ms, grownMiB, heard }))
  expect(heard).toBe(healthy.length)
  expect(healthy.filter(({ closed }) => closed !== undefined)).toEqual([])
  // Whoever is further behind is closed; none of these was.
  expect(p99Ms).toBeLessThan(10_000)
  // At most 4 MiB wait for each that stalls, whatever else this process needs for both ends of a thousand sockets.
  expect(grownMiB).toBeLessThan(STALLED * 4 + 600)
  for (const { socket } of clients) socket.terminate()
}, 180_000)
