import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { WebSocket } from 'ws'
import { signal } from '../../api/signal-documents.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Derived } from '../../core/processor.ts'
import { micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { leg, life, opportunity, origin } from '../support/derived.ts'
import { openSignals, type SignalRig } from '../support/signals.ts'

const message = z.object({
  type: z.literal('arbitrage_signal'),
  channel: z.literal('signals'),
  snapshot: z.boolean(),
  sequence: z.number(),
  time: z.string(),
  source: z.literal('simulated'),
  signals: z.array(signal),
})
type Message = z.output<typeof message>

let rig: ApiRig
let signals: SignalRig
const sockets: WebSocket[] = []

async function listen(filter: object = {}): Promise<Message[]> {
  const heard: Message[] = []
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`)
  sockets.push(socket)
  socket.on('message', (bytes: Buffer) => heard.push(message.parse(JSON.parse(bytes.toString()))))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe_signals', ...filter }))
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0)
  return heard
}
const story = (heard: readonly Message[]): readonly string[] =>
  heard.flatMap((one) =>
    one.signals.map(({ id, phase, state }) => `${one.snapshot ? 'is' : 'now'} ${id} ${phase} ${state}`),
  )

let offset = 0
/** The beginning of one that is over. */
let over: Derived<Opportunity> | undefined
const record = (n: number, phase: Opportunity['phase'], change: Partial<Derived<Opportunity>> = {}) => {
  const at = now()
  return opportunity({
    opportunityId: `x:0:${n}:0`,
    phase,
    at,
    ttlMs: 86_400_000 * 365,
    feed: 'SIMULATED',
    origin: origin({ offset: offset++ }),
    ...(phase === 'OPEN' ? {} : { life: life({ openedAt: micros(at - 1000) }) }),
    ...(phase === 'CLOSE' ? { reason: 'edge' } : {}),
    ...change,
  })
}

beforeAll(async () => {
  rig = await startApiRig()
  signals = await openSignals(rig)
})
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await rig.stop()
})

describe('subscribe_signals', () => {
  test('gives what is open, be it nothing, then what opens, changes and ends, as it comes to the topic', async () => {
    const early = await listen()
    expect(early).toMatchObject([{ snapshot: true, signals: [] }])
    await signals.say(record(1, 'OPEN'))
    await expect.poll(() => story(early)).toEqual(['now x:0:1:0 OPEN open'])
    const late = await listen()
    expect(story(late)).toEqual(['is x:0:1:0 OPEN open'])
    await signals.say(record(2, 'OPEN'), record(1, 'CLOSE'))
    for (const heard of [early, late])
      await expect.poll(() => story(heard).slice(-2)).toEqual(['now x:0:2:0 OPEN open', 'now x:0:1:0 CLOSE closed'])
    const sequences = early.map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  })

  test('a repeat on the topic is dropped', async () => {
    const heard = await listen()
    const open = record(3, 'OPEN')
    const close = record(3, 'CLOSE')
    over = open
    await signals.say(open, close, open, close, record(4, 'OPEN'))
    await expect
      .poll(() => story(heard).slice(1))
      .toEqual(['now x:0:3:0 OPEN open', 'now x:0:3:0 CLOSE closed', 'now x:0:4:0 OPEN open'])
  })

  test('a filter lets through the kind, the symbols and the edge that it names', async () => {
    const eth = await listen({ symbols: ['eth-usd'], minEdgeBps: 11 })
    const none = await listen({ kind: 'TRIANGULAR' })
    const legs = [leg({ symbol: 'ETH-USD' }), leg({ symbol: 'ETH-USD', exchange: 'okx', side: 'SELL' })]
    await signals.say(record(5, 'OPEN'), record(6, 'OPEN', { legs, base: 'ETH' }))
    await signals.say(record(7, 'OPEN', { legs, base: 'ETH', edgeBps: 11 }))
    await expect.poll(() => story(eth)).toEqual(['now x:0:7:0 OPEN open'])
    expect(story(none)).toEqual([])
  })

  test('what is open survives a restart, from the tables and from what the sink had not stored yet', async () => {
    await signals.store()
    // A repeat of what is stored and over: only the sieve's memory in the tables tells it from a beginning.
    if (over !== undefined) await signals.say(over)
    await signals.say(record(8, 'OPEN'), record(2, 'CLOSE'))
    await rig.restart(async () => {
      // Said while nobody listened.
      await signals.say(record(9, 'OPEN'))
    })
    const heard = await listen()
    const open = ['x:0:4:0', 'x:0:5:0', 'x:0:6:0', 'x:0:7:0', 'x:0:8:0', 'x:0:9:0']
    const known = new Map<string, string>()
    const state = () => {
      for (const { signals: all } of heard) for (const one of all) known.set(one.id, one.state)
      return [...known].flatMap(([id, is]) => (is === 'open' ? [id] : [])).toSorted()
    }
    await expect.poll(state).toEqual(open)
    // The one that opened before keeps what was known of its beginning.
    expect(heard[0]?.signals.find(({ id }) => id === 'x:0:7:0')).toMatchObject({ openEdgeBps: 11 })
  })
})
