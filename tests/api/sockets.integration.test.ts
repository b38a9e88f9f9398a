import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Payload } from '../../core/tick.ts'
import { listenTo, startApiRig, type ApiRig, type Listener, type Mouth, type SocketMessage } from '../support/api.ts'
import type { PriceItem } from '../../api/price.ts'
import { gap, quote, trade } from '../support/ticks.ts'

let rig: ApiRig
let kraken: Mouth
const listeners: Listener[] = []

const listen = async (hello?: unknown): Promise<Listener> => {
  const listener = await listenTo(rig.port, hello)
  listeners.push(listener)
  return listener
}
const SUBSCRIBE = { type: 'subscribe_prices' }
/** The latest of every price by key, as a client knows it. */
const known = ({ heard }: Listener): ReadonlyMap<string, PriceItem> =>
  new Map(heard.flatMap(({ prices }) => (prices ?? []).map((price) => [`${price.exchange}/${price.symbol}`, price])))
const has = (symbol: string, fields: Partial<PriceItem>) => (message: SocketMessage) =>
  (message.prices ?? []).some(
    (price) =>
      price.symbol === symbol &&
      Object.entries(fields).every(([name, value]) =>
        Object.entries(price).some(([key, found]) => key === name && found === value),
      ),
  )

beforeAll(async () => {
  rig = await startApiRig({
    limits: { holdBytes: 64 * 1024, closeBytes: 4 * 1024 * 1024, behindMicros: 1_500_000 },
    // Stands in the log before the API starts: it must be in the first snapshot.
    async before({ mouth }) {
      kraken = mouth('kraken')
      await kraken.beat()
      await kraken.say('BTC-USD', quote({ bid: 91234.5, bidSize: 1.5, ask: 91235, askSize: 0.25 }))
      await kraken.say('BTC-USD', trade({ price: 91234.75 }))
    },
  })
})
afterAll(async () => {
  for (const { socket } of listeners) socket.terminate()
  await rig.stop()
})

describe('WebSocket', () => {
  test('the snapshot holds what stood in the log, decimals as text and times with microseconds', async () => {
    const one = await listen(SUBSCRIBE)
    const { prices, ...head } = await one.until(({ type }) => type === 'snapshot')
    expect(head).toMatchObject({ channel: 'prices', source: 'simulated', sequence: expect.any(Number) })
    expect(prices).toMatchObject([
      {
        exchange: 'kraken',
        symbol: 'BTC-USD',
        feed: 'SIMULATED',
        bid: '91234.5',
        bidSize: '1.5',
        ask: '91235',
        askSize: '0.25',
        last: '91234.75',
        spreadBps: 0.055,
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      },
    ])
  })

  test('what is written to Kafka arrives, the latest of each price, in ascending sequence', async () => {
    const one = await listen(SUBSCRIBE)
    await one.until(({ type }) => type === 'snapshot')
    await kraken.beat()
    const written = new Map<string, Payload>()
    for (let i = 1; i <= 200; i++) {
      const symbol = ['BTC-USD', 'ETH-USD', 'SOL-USD'][i % 3] ?? ''
      const payload = quote({ bid: i, bidSize: i, ask: i + 0.5, askSize: undefined })
      written.set(symbol, payload)
      await kraken.say(symbol, payload)
    }
    await one.until(has('SOL-USD', { bid: '200' }))
    for (const [symbol, payload] of written) {
      const { bid, ask } = payload.kind === 'quote' ? payload : { bid: 0, ask: 0 }
      expect(known(one).get(`kraken/${symbol}`)).toMatchObject({ bid: String(bid), ask: String(ask), state: 'up' })
    }
    const sequences = one.heard.map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    expect(new Set(sequences).size).toBe(sequences.length)
  })

  test('a filter lets through what it names; unsubscribing ends it', async () => {
    const one = await listen({ ...SUBSCRIBE, symbols: ['ETH-USD'], exchanges: ['kraken'] })
    await one.until(({ type }) => type === 'snapshot')
    await kraken.say('BTC-USD', trade({ price: 7 }))
    await kraken.say('ETH-USD', trade({ price: 8 }))
    await one.until(has('ETH-USD', { last: '8' }))
    expect([...known(one).keys()]).toEqual(['kraken/ETH-USD'])
    one.socket.send(JSON.stringify({ type: 'unsubscribe_prices' }))
    const other = await listen(SUBSCRIBE)
    await kraken.say('ETH-USD', trade({ price: 9 }))
    await other.until(has('ETH-USD', { last: '9' }))
    expect(one.heard.some(has('ETH-USD', { last: '9' }))).toBe(false)
  })

  test('a session that falls silent for 3 s takes its prices down, a new one brings them up', async () => {
    const one = await listen(SUBSCRIBE)
    const binance = rig.mouth('binance')
    await binance.beat()
    await binance.say('LTC-USDT', quote({ bid: 1, ask: 2 }))
    await one.until(has('LTC-USDT', { state: 'up' }))
    await one.until(has('LTC-USDT', { state: 'down' }))
    const again = rig.mouth('binance')
    await again.beat()
    await sleep(200)
    expect(known(one).get('binance/LTC-USDT')).toMatchObject({ state: 'down' })
    await again.say('LTC-USDT', quote({ bid: 3, ask: 4 }))
    await one.until(has('LTC-USDT', { state: 'up', bid: '3' }))
    await again.say('LTC-USDT', gap({ reason: 'WITHDRAWN' }))
    await one.until(has('LTC-USDT', { state: 'withdrawn' }))
  })

  test.each([
    ['{"type":', 'BAD_JSON', 'JSON'],
    [{ type: 'subscribe_prices', symbol: ['BTC-USD'] }, 'BAD_MESSAGE', 'symbol: unknown'],
    [{ type: 'subscribe_prices', symbols: ["'; drop table trades; --"] }, 'BAD_MESSAGE', 'symbols.0'],
    [Buffer.from([1, 2, 3]), 'BINARY_MESSAGE', 'JSON text'],
  ])('%j is answered by an error that names the field, and the socket lives', async (message, code, named) => {
    const one = await listen()
    one.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
    expect(await one.until(({ type }) => type === 'error')).toMatchObject({
      code,
      message: expect.stringContaining(named),
    })
    one.socket.send(JSON.stringify(SUBSCRIBE))
    await one.until(({ type }) => type === 'snapshot')
  })

  test('a client that talks too much is closed 1008, one that sends too large a message 1009', async () => {
    const [chatty, large] = [await listen(), await listen()]
    for (let i = 0; i < 25; i++) chatty.socket.send(JSON.stringify(SUBSCRIBE))
    large.socket.send(JSON.stringify({ type: 'subscribe_prices', padding: 'x'.repeat(70_000) }))
    expect(await chatty.closed).toBe(1008)
    expect(await large.closed).toBe(1009)
    const metrics = await (await fetch(`${rig.url}/metrics`)).text()
    expect(metrics).toMatch(/ws_client_closed_total\{reason="too_many_messages",role="api"\} 1/)
  })

  test('a page from elsewhere is not let in', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`, { origin: 'https://evil.example' })
    const status = await new Promise((resolve) => {
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.once('open', () => resolve('open'))
    })
    expect(status).toBe(403)
  })

  test('a client that stops reading is closed 1013 while others go on', async () => {
    const [slow, quick] = [await listen(SUBSCRIBE), await listen(SUBSCRIBE)]
    await slow.until(({ type }) => type === 'snapshot')
    slow.socket.pause()
    // The kernel takes up to ten megabytes for a stalled client before our own buffer grows: 40 rounds of 450 kB.
    const symbols = Array.from({ length: 1500 }, (_, i) => `C${i}-USD`)
    for (let round = 1; round <= 40; round++) {
      await Promise.all([sleep(80), ...symbols.map((symbol) => kraken.say(symbol, trade({ price: round })))])
    }
    await quick.until(has('C1499-USD', { last: '40' }))
    slow.socket.resume()
    expect(await slow.closed).toBe(1013)
    expect(quick.socket.readyState).toBe(quick.socket.OPEN)
    expect(slow.heard.some(has('C1499-USD', { last: '40' }))).toBe(false)
    const again = await listen(SUBSCRIBE)
    await again.until(has('C1499-USD', { last: '40' }))
  })
})
