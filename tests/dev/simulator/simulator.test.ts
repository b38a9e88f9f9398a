import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi, type TestContext } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { EXCHANGES } from '../../../core/tick.ts'
import { DIALECTS } from '../../../dev/simulator/dialects/all.ts'
import { SIMULATED, type SimulatedExchange } from '../../../dev/simulator/exchanges.ts'
import { micros } from '../../../core/time.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { LIMITS, type Limits } from '../../../dev/simulator/limits.ts'
import { openJournal } from '../../../dev/simulator/journal.ts'
import { parseScript } from '../../../dev/simulator/script.ts'
import { startSimulator } from '../../../dev/simulator/simulator.ts'
import { now } from '../../../io/clock.ts'
import { decode, simulated } from '../../../producers/adapter.ts'
import { ADAPTERS } from '../../../producers/adapters.ts'

vi.setConfig({ testTimeout: 20_000 })

const SYMBOLS: Readonly<Record<SimulatedExchange, string[]>> = {
  binance: ['BTC-USDT', 'ETH-USDT'],
  coinbase: ['BTC-USD', 'ETH-USD', 'USDT-USD'],
  kraken: ['BTC-USD', 'ETH-BTC', 'DOGE-USD'],
  okx: ['BTC-USDT', 'ETH-BTC'],
  gate: ['BTC-USDT', 'DOGE-USDT'],
}
const INSTRUMENTS = instrumentsOf({
  exchanges: Object.fromEntries(SIMULATED.map((exchange) => [exchange, { symbols: SYMBOLS[exchange] }])),
})

const line = z.looseObject({
  kind: z.string(),
  n: z.number().optional(),
  exchange: z.string().optional(),
  symbol: z.string().optional(),
  id: z.string().optional(),
  side: z.string().optional(),
  price: z.string().optional(),
  size: z.string().optional(),
  eventTime: z.number().optional(),
  bid: z.string().optional(),
  ask: z.string().optional(),
  sent: z.boolean().optional(),
  do: z.string().optional(),
  ids: z.array(z.string()).optional(),
})
type Line = z.infer<typeof line>

async function start(
  { onTestFinished }: TestContext,
  options: { readonly rate?: number; readonly script?: readonly object[]; readonly limits?: Limits },
) {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  const file = join(folder, 'journal', 'sent.jsonl')
  const journal = openJournal(file)
  const script = parseScript((options.script ?? []).map((one) => JSON.stringify(one)).join('\n'), 'script')
  const simulator = await startSimulator({
    instruments: INSTRUMENTS,
    framesPerSecond: options.rate ?? 400,
    seed: 1,
    script,
    journal,
    port: 0,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  onTestFinished(async () => {
    await simulator.stop()
    journal.close()
    rmSync(folder, { recursive: true })
  })
  return {
    base: `http://127.0.0.1:${simulator.port}`,
    simulator,
    /** Stops it and reads what it wrote. */
    journaled: async (): Promise<readonly Line[]> => {
      await simulator.stop()
      journal.close()
      return readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((text) => line.parse(JSON.parse(text)))
    },
  }
}

type Client = { readonly socket: WebSocket; readonly frames: string[]; readonly closed: Promise<number> }

/** Connects as the exchange's own adapter does. */
async function connect(base: string, exchange: SimulatedExchange): Promise<Client> {
  const adapter = ADAPTERS[exchange]
  const list = await fetch(simulated(adapter.instruments.url, exchange, base))
  const instruments = adapter.instruments.parse(await list.json())
  const names = instruments
    .filter(({ symbol }) => SYMBOLS[exchange].includes(symbol))
    .map(({ nativeSymbol }) => nativeSymbol)
  expect(names).toHaveLength(SYMBOLS[exchange].length)
  const { url, frames: requests } = adapter.connect(names)
  const socket = new WebSocket(simulated(url, exchange, base))
  const frames: string[] = []
  socket.on('message', (content: Buffer) => frames.push(content.toString()))
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
  await new Promise((resolve) => socket.once('open', resolve))
  for (const request of requests) socket.send(request)
  return { socket, frames, closed }
}

/** OKX has no finer times. */
const millis = (time = 0): number => Math.floor(time / 1000)

/** Canonical symbol of the exchange's own. */
function canonicalNames(exchange: SimulatedExchange): (nativeSymbol: string) => string | undefined {
  const names = new Map(
    INSTRUMENTS.filter((one) => one.exchange === exchange).map((one) => [
      DIALECTS[exchange].nativeSymbol(one),
      one.symbol,
    ]),
  )
  return (nativeSymbol) => names.get(nativeSymbol)
}

const decoded = (exchange: SimulatedExchange, frames: readonly string[]) =>
  frames.map((frame) => decode(ADAPTERS[exchange], frame, now()))
const entriesOf = (exchange: SimulatedExchange, frames: readonly string[]) =>
  decoded(exchange, frames).flatMap((one) => (one.kind === 'ticks' ? one.ticks : []))
const idsOf = (exchange: SimulatedExchange, frames: readonly string[]): readonly string[] =>
  entriesOf(exchange, frames).flatMap(({ payload, history }) =>
    payload.kind === 'trade' && !history ? [payload.id] : [],
  )
const until = async (happened: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !happened(); i += 1) await sleep(10)
  expect(happened()).toBe(true)
}

/** Waits until frames came and then none for 300 ms; says how many. */
async function untilSilent(frames: readonly string[]): Promise<number> {
  for (let before = 0; before === 0 || before !== frames.length; await sleep(300)) before = frames.length
  return frames.length
}

describe('the simulator alone', () => {
  test('speaks the dialect of every exchange that has an adapter', () => {
    expect(SIMULATED).toEqual(EXCHANGES)
    const exchanges = Object.fromEntries(EXCHANGES.map((exchange) => [exchange, { symbols: ['BTC-USDT'] }]))
    expect(instrumentsOf({ exchanges }).map(({ exchange }) => exchange)).toEqual(EXCHANGES)
  })
})

describe.concurrent('the simulator', () => {
  test.for(SIMULATED)(
    'speaks %s so that its adapter reads every frame, and journals what it sent',
    async (exchange, context) => {
      const { base, journaled } = await start(context, { rate: 3000 })
      const { frames, socket } = await connect(base, exchange)
      await until(() => frames.length > 300)
      const rest = journaled()
      await new Promise((resolve) => socket.once('close', resolve))
      const lines = await rest
      const faults = decoded(exchange, frames).flatMap((one) =>
        one.kind === 'fault' ? [one.reason] : one.kind === 'ticks' ? one.faults : [],
      )
      expect(faults).toEqual([])

      const sent = lines.filter(({ kind }) => kind === 'trade')
      // OKX does not say that the trade it begins with is history.
      const past = new Set(lines.flatMap(({ kind, symbol, id }) => (kind === 'history' ? [`${symbol} ${id}`] : [])))
      const canonical = canonicalNames(exchange)
      const got = entriesOf(exchange, frames).flatMap(({ payload, nativeSymbol, eventTime }) => {
        const symbol = canonical(nativeSymbol)
        if (payload.kind !== 'trade' || past.has(`${symbol} ${payload.id}`)) return []
        const { id, side, price, size } = payload
        return [[symbol, id, side, price, size, millis(eventTime)]]
      })
      expect(got.length).toBeGreaterThan(10)
      expect(got).toEqual(
        sent.map(({ symbol, id, side, price, size, eventTime }) => [
          symbol,
          id,
          side,
          Number(price),
          Number(size),
          millis(eventTime),
        ]),
      )
      const quoted = lines.filter(({ kind }) => kind === 'quote')
      const quotes = entriesOf(exchange, frames).flatMap(({ payload }) => (payload.kind === 'quote' ? [payload] : []))
      expect(quotes.slice(-quoted.length).map(({ bid, ask }) => [bid, ask])).toEqual(
        quoted.map(({ bid, ask }) => [Number(bid), Number(ask)]),
      )
      const numbers = lines.flatMap(({ n }) => n ?? [])
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
    },
  )

  test('numbers the frames of a Coinbase connection without a hole', async (context) => {
    const { base } = await start(context, { rate: 3000 })
    const { frames } = await connect(base, 'coinbase')
    await until(() => frames.length > 200)
    const numbers = decoded('coinbase', frames).map(({ frameSequence }) => frameSequence)
    expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  test('sends nothing that was not subscribed, and numbers trades on without a client', async (context) => {
    const { base, journaled } = await start(context, { rate: 2000 })
    const first = await connect(base, 'binance')
    await until(() => idsOf('binance', first.frames).length > 5)
    first.socket.close()
    await first.closed
    await sleep(100)
    const second = await connect(base, 'binance')
    await until(() => idsOf('binance', second.frames).length > 5)
    const lines = await journaled()
    expect(new Set(lines.filter(({ kind }) => kind === 'trade').map(({ exchange }) => exchange))).toEqual(
      new Set(['binance']),
    )
    const btc = lines
      .filter(({ kind, symbol }) => kind === 'trade' && symbol === 'BTC-USDT')
      .map(({ id }) => Number(id))
    const jumps = btc.filter((id, index) => index > 0 && id !== (btc[index - 1] ?? 0) + 1)
    expect(jumps).toHaveLength(1)
  })

  test('closes a Coinbase connection that does not subscribe', async (context) => {
    const { base } = await start(context, {})
    const socket = new WebSocket(`${base.replace('http', 'ws')}/coinbase`)
    const code = await new Promise((resolve) => socket.on('close', resolve))
    expect(code).toBe(1008)
  }, 10_000)

  test('knows no other address', async (context) => {
    const { base } = await start(context, {})
    expect((await fetch(`${base}/nonesuch`)).status).toBe(404)
    const socket = new WebSocket(`${base.replace('http', 'ws')}/kraken/v1`)
    await expect(new Promise((_, reject) => socket.on('error', reject))).rejects.toThrow('404')
  })
})

describe.concurrent('a scripted fault', () => {
  const faultsOf = (lines: readonly Line[]) => lines.filter(({ kind }) => kind === 'fault')

  test('disconnects all sockets of one exchange', async (context) => {
    const { base, journaled } = await start(context, {
      script: [{ atMs: 200, exchange: 'binance', do: 'disconnect', code: 1012 }],
    })
    const [binance, kraken] = [await connect(base, 'binance'), await connect(base, 'kraken')]
    expect(await binance.closed).toBe(1012)
    expect(kraken.socket.readyState).toBe(WebSocket.OPEN)
    expect(faultsOf(await journaled())).toMatchObject([{ do: 'disconnect', exchange: 'binance', code: 1012 }])
  })

  test('lets a socket fall mute but stay open, and come back with trades missing', async (context) => {
    const { base, journaled } = await start(context, {
      rate: 2000,
      script: [{ atMs: 1000, exchange: 'kraken', do: 'stall', forMs: 2500 }],
    })
    const { frames, socket } = await connect(base, 'kraken')
    const mute = await untilSilent(frames)
    socket.send('{"method":"ping"}')
    await sleep(200)
    expect([frames.length - mute, socket.readyState]).toEqual([0, WebSocket.OPEN])
    const ids = (): readonly number[] => idsOf('kraken', frames).map(Number)
    const before = Math.max(...entriesOf('kraken', frames).map(({ sequence }) => sequence))
    await until(() => frames.length > mute + 200)
    expect(Math.max(...ids())).toBeGreaterThan(before + 1)
    expect(faultsOf(await journaled())).toMatchObject([{ do: 'stall', forMs: 2500 }])
  })

  test.for([true, false])('leaves a socket half open that answers protocol pings: %s', async (pongs, context) => {
    const { base, journaled } = await start(context, {
      script: [{ atMs: 1000, exchange: 'gate', do: 'stall', forMs: 60_000, pongs }],
    })
    const { frames, socket } = await connect(base, 'gate')
    const silent = await untilSilent(frames)
    let answered = 0
    socket.on('pong', () => (answered += 1))
    socket.ping()
    await (pongs ? until(() => answered === 1) : sleep(200))
    expect([answered, frames.length, socket.readyState]).toEqual([pongs ? 1 : 0, silent, WebSocket.OPEN])
    expect(faultsOf(await journaled())).toMatchObject([{ do: 'stall', pongs }])
  })

  test('sends the last trade frame once more, letter for letter', async (context) => {
    const { base, journaled } = await start(context, {
      rate: 1000,
      script: [{ atMs: 200, exchange: 'coinbase', do: 'duplicate', symbol: 'BTC-USD' }],
    })
    const { frames } = await connect(base, 'coinbase')
    await until(() => frames.length > 300)
    const lines = await journaled()
    expect(frames.filter((frame, index) => frames.indexOf(frame) !== index)).toEqual(
      faultsOf(lines).map((one) => one['frame']),
    )
    expect(faultsOf(lines)).toHaveLength(1)
  })

  test('leaves numbered trades unsent', async (context) => {
    const { base, journaled } = await start(context, {
      rate: 1000,
      script: [{ atMs: 200, exchange: 'kraken', do: 'sequence-gap', symbol: 'BTC-USD', count: 4 }],
    })
    const { frames } = await connect(base, 'kraken')
    await until(() => frames.length > 300)
    const lines = await journaled()
    const [fault] = faultsOf(lines)
    expect(fault?.ids).toHaveLength(4)
    expect(lines.filter(({ sent }) => sent === false).map(({ id }) => id)).toEqual(fault?.ids)
    const got = entriesOf('kraken', frames).flatMap(({ nativeSymbol, payload, history }) =>
      nativeSymbol === 'BTC/USD' && payload.kind === 'trade' && !history ? [payload.id] : [],
    )
    expect(got.filter((id) => fault?.ids?.includes(id))).toEqual([])
    const after = Number(fault?.ids?.at(-1)) + 1
    const btc = lines.filter(({ kind, symbol, sent }) => kind === 'trade' && symbol === 'BTC-USD' && sent !== false)
    expect(btc.some(({ id }) => Number(id) === after)).toBe(true)
  })

  test('breaks a frame', async (context) => {
    const { base, journaled } = await start(context, {
      script: [{ atMs: 200, exchange: 'binance', do: 'malformed', count: 2 }],
    })
    const { frames } = await connect(base, 'binance')
    const broken = (): readonly string[] =>
      frames.filter((frame) => decode(ADAPTERS.binance, frame, micros(now())).kind === 'fault')
    await until(() => broken().length === 2)
    expect(faultsOf(await journaled()).map((one) => one['frame'])).toEqual(broken())
  })

  test('waits for a client', async (context) => {
    const { base, journaled } = await start(context, {
      script: [{ atMs: 0, exchange: 'kraken', do: 'disconnect', code: 1006 }],
    })
    const binance = await connect(base, 'binance')
    await sleep(100)
    const kraken = await connect(base, 'kraken')
    expect(await kraken.closed).toBe(1006)
    expect(binance.socket.readyState).toBe(WebSocket.OPEN)
    expect(faultsOf(await journaled())).toHaveLength(1)
  })
})

/** A message that each exchange answers, how many at once are allowed, and what one more is told. */
const STORMS: readonly (readonly [
  SimulatedExchange,
  message: string,
  told: string | undefined,
  code: number | undefined,
])[] = [
  ['binance', '{"method":"LIST_SUBSCRIPTIONS","id":1}', undefined, 1008],
  ['coinbase', '{"type":"subscribe","channel":"heartbeats"}', '{"type":"error","message":"rate limit exceeded"}', 1008],
  ['kraken', '{"method":"ping"}', '{"error":"Exceeded msg rate","success":false}', undefined],
  ['okx', '{"op":"unsubscribe","args":[]}', '"code":"60014"', undefined],
  ['gate', '{"channel":"spot.ping"}', undefined, 1008],
]

describe.concurrent('the limits of an exchange', () => {
  const open = async (url: string) => {
    const socket = new WebSocket(url)
    const frames: string[] = []
    socket.on('message', (content: Buffer) => frames.push(content.toString()))
    const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
    const status = await new Promise<number>((resolve) => {
      socket.once('open', () => resolve(101))
      socket.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
      socket.on('error', () => undefined)
    })
    return { socket, frames, closed, status }
  }
  const addressOf = (base: string, exchange: SimulatedExchange): string =>
    simulated(ADAPTERS[exchange].connect([]).url, exchange, base)

  test.for(STORMS)('%s: one message too many', async ([exchange, message, told, code], context) => {
    const { base, journaled } = await start(context, {})
    const { count } = LIMITS[exchange].messages
    const { socket, frames, closed } = await open(addressOf(base, exchange))
    for (let i = 0; i <= count; i += 1) socket.send(message)
    if (told !== undefined) await until(() => frames.some((frame) => frame.includes(told)))
    const end = code === undefined ? socket.readyState : await closed
    expect(end).toBe(code ?? WebSocket.OPEN)
    expect((await journaled()).filter(({ kind }) => kind === 'too-many-messages')).toHaveLength(1)
  })

  test('three such oversteps ban an address, for its sockets as for REST', async (context) => {
    const { base } = await start(context, {})
    const url = addressOf(base, 'binance')
    for (let i = 0; i < 3; i += 1) {
      const { socket, closed, status } = await open(url)
      expect(status).toBe(101)
      for (let sent = 0; sent <= LIMITS.binance.messages.count; sent += 1)
        socket.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
      expect(await closed).toBe(1008)
    }
    expect((await open(url)).status).toBe(418)
    const rest = await fetch(`${base}/binance/api/v3/aggTrades?symbol=BTCUSDT`)
    expect(rest.status).toBe(418)
    // Two minutes, less what has passed.
    expect(Number(rest.headers.get('retry-after'))).toBeGreaterThan(100)
    expect((await open(addressOf(base, 'gate'))).status).toBe(101)
  })

  test('too many connections are refused with 429, and who goes on is banned with 418', async (context) => {
    const { binance } = LIMITS
    const limits = { ...LIMITS, binance: { ...binance, connects: { ...binance.connects, count: 2, patience: 2 } } }
    const { base } = await start(context, { limits })
    const statuses: number[] = []
    for (let i = 0; i < 6; i += 1) statuses.push((await open(addressOf(base, 'binance'))).status)
    expect(statuses).toEqual([101, 101, 429, 429, 418, 418])
  })
})
