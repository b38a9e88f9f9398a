import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { micros } from '../../../core/time.ts'
import { DIALECTS } from '../../../dev/simulator/dialects/all.ts'
import { SIMULATED, type SimulatedExchange } from '../../../dev/simulator/exchanges.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { faultLine, parseScript } from '../../../dev/simulator/script.ts'
import { startSimulator } from '../../../dev/simulator/simulator.ts'
import { simulated } from '../../../producers/adapter.ts'
import { ADAPTERS } from '../../../producers/adapters.ts'
import { MOMENT } from '../../support/ticks.ts'
import { SYMBOLS } from './observe.ts'

const SECONDS = 4
const FRAMES_PER_SECOND = 500
const TURN_MICROS = 5000

/** Everything that needs no socket to end: that moment is the network's. */
const SCRIPT = [
  'binance:out-of-order:atMs=300',
  'coinbase:duplicate:atMs=600',
  'kraken:sequence-gap:atMs=900',
  'okx:late:atMs=1200',
  'gate:malformed:atMs=1500:count=3',
  'kraken:mute:atMs=1800:forMs=900',
  'binance:clock:atMs=2100:forMs=700',
  'okx:stall:atMs=2400:forMs=500',
]

const sent = z.object({ kind: z.enum(['trade', 'quote']), n: z.number() })

/** What a client says last once it has subscribed, and a word of the answer. */
const LAST: Readonly<Record<SimulatedExchange, readonly [ask: string, answer: string]>> = {
  binance: ['{"method":"LIST_SUBSCRIPTIONS","id":7}', '"id":7'],
  coinbase: ['{"type":"unsubscribe","channel":"ticker","product_ids":[]}', '"heartbeats":["heartbeats"]'],
  kraken: ['{"method":"ping"}', 'pong'],
  okx: ['ping', 'pong'],
  gate: ['{"channel":"spot.ping"}', 'spot.pong'],
}

/** The journal of four seconds, under a clock that the test moves. */
async function journalOf(seed: number, script: readonly string[] = SCRIPT): Promise<string> {
  const lines: string[] = []
  let time = MOMENT
  const simulator = await startSimulator({
    instruments: instrumentsOf({
      exchanges: Object.fromEntries(SIMULATED.map((exchange) => [exchange, { symbols: [...SYMBOLS[exchange]] }])),
    }),
    framesPerSecond: FRAMES_PER_SECOND,
    seed,
    script: parseScript([...script.map(faultLine), '{"atMs":0,"do":"calm"}'].join('\n'), 'script'),
    journal: { line: (text) => void lines.push(text), close() {} },
    port: 0,
    clock: () => time,
  })
  onTestFinished(() => simulator.stop())
  // One after the other, so that connections have the same numbers each time.
  for (const exchange of SIMULATED) await subscribe(exchange, simulator.port)
  for (let turn = 0; turn < (SECONDS * 1_000_000) / TURN_MICROS; turn += 1) {
    time = micros(time + TURN_MICROS)
    simulator.turn()
  }
  return lines.join('\n')
}

async function subscribe(exchange: SimulatedExchange, port: number): Promise<void> {
  const [ask, answer] = LAST[exchange]
  const names = SYMBOLS[exchange].map((symbol) => {
    const [base = '', quote = ''] = symbol.split('-')
    return DIALECTS[exchange].nativeSymbol({
      exchange,
      symbol,
      base,
      quote,
      priceDecimals: 0,
      sizeDecimals: 0,
      weight: 1,
    })
  })
  const { url, frames } = ADAPTERS[exchange].connect(names)
  const socket = new WebSocket(simulated(url, exchange, `http://127.0.0.1:${port}`))
  onTestFinished(() => socket.terminate())
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (content: Buffer) => {
      if (content.toString().includes(answer)) resolve()
    })
  })
  await new Promise((resolve) => socket.once('open', resolve))
  for (const frame of [...frames, ask]) socket.send(frame)
  await answered
}

test(
  'the same seed, clock and script give the same journal, byte for byte; another seed gives another',
  { timeout: 30_000 },
  async () => {
    const [first, again, other] = [await journalOf(7), await journalOf(7), await journalOf(8)]
    expect(first.split('\n').length).toBeGreaterThan(1500)
    expect(again === first).toBe(true)
    expect(other === first).toBe(false)
    const faults = new Set(SCRIPT.map((one) => one.split(':')[1]))
    const played = first
      .split('\n')
      .flatMap((line) => (line.includes('"kind":"fault"') ? [String(JSON.parse(line).do)] : []))
    expect(new Set(played)).toEqual(faults)
  },
)

test('sends at the asked rate, over all exchanges', { timeout: 30_000 }, async () => {
  const lines = (await journalOf(7, [])).split('\n').map((line): unknown => JSON.parse(line))
  const frames = new Set(lines.flatMap((line) => sent.safeParse(line).data?.n ?? []))
  expect(frames.size / SECONDS / FRAMES_PER_SECOND).toBeCloseTo(1, 1)
})
