import { describe, expect, test } from 'vitest'
import type { Peer } from '../../api/hub.ts'
import { createSignalBoard } from '../../api/signal-board.ts'
import { createSignalHub } from '../../api/signal-hub.ts'
import type { SignalFilter } from '../../api/signal.ts'
import type { Phase } from '../../core/opportunity.ts'
import { life, opportunity, origin } from '../support/derived.ts'
import { MINUTE, ms } from '../support/logged.ts'

const ALL: SignalFilter = { kind: undefined, symbols: undefined, minEdgeBps: undefined }
const LIMITS = { holdBytes: 1000, closeBytes: 4000, behindMicros: 10_000_000 }
type Heard = { readonly snapshot: boolean; readonly sequence: number; readonly signals: readonly { id: string }[] }

function ear() {
  const heard: Heard[] = []
  const frames: Buffer[] = []
  const it = { heard, frames, buffered: 0, ending: '' }
  const peer: Peer = {
    bufferedAmount: () => it.buffered,
    send(frame) {
      frames.push(frame)
      heard.push(JSON.parse(frame.toString()))
    },
    end: (reason) => void (it.ending = reason),
  }
  return { ...it, peer, it }
}
const record = (id: string, phase: Phase, offset: number, edgeBps = 10) =>
  opportunity({
    opportunityId: id,
    phase,
    edgeBps,
    at: ms(offset),
    origin: origin({ offset }),
    ...(phase === 'OPEN' ? {} : { life: life({ openedAt: MINUTE, peakBps: Math.max(10, edgeBps) }) }),
  })
const start = (kept?: number) => {
  const board = createSignalBoard(kept)
  return { board, hub: createSignalHub(board, 'simulated', LIMITS) }
}
const lines = (heard: readonly Heard[]) =>
  heard.map(({ snapshot, signals }) => `${snapshot ? 'state' : 'change'}: ${signals.map(({ id }) => id).join()}`)

describe('the hub of signals', () => {
  test('sends the open ones first, an empty state too, then what opens, changes and ends', () => {
    const { board, hub } = start()
    const [early, late] = [ear(), ear()]
    hub.subscribe(early.peer, ALL, MINUTE)
    board.take(record('a', 'OPEN', 1))
    hub.flush(MINUTE)
    hub.subscribe(late.peer, ALL, MINUTE)
    board.take(record('a', 'UPDATE', 2, 12))
    board.take(record('b', 'OPEN', 3))
    board.take(record('a', 'CLOSE', 4, 1))
    hub.flush(MINUTE)
    hub.flush(MINUTE)
    expect(lines(early.heard)).toEqual(['state: ', 'change: a', 'change: b,a'])
    expect(lines(late.heard)).toEqual(['state: a', 'change: b,a'])
    expect(late.heard[1]).toMatchObject({
      type: 'arbitrage_signal',
      channel: 'signals',
      source: 'simulated',
      sequence: 4,
      signals: [
        { phase: 'OPEN', state: 'open' },
        { phase: 'CLOSE', state: 'closed' },
      ],
    })
  })

  test('a filter lets through what it names, its end too; unsubscribing ends it', () => {
    const { board, hub } = start()
    const [choosy, gone] = [ear(), ear()]
    hub.subscribe(choosy.peer, { ...ALL, minEdgeBps: 15 }, MINUTE)
    hub.subscribe(gone.peer, ALL, MINUTE)
    hub.unsubscribe(gone.peer)
    board.take(record('low', 'OPEN', 1))
    board.take(record('high', 'OPEN', 2, 15))
    hub.flush(MINUTE)
    board.take(record('low', 'UPDATE', 3, 16))
    hub.flush(MINUTE)
    board.take(record('low', 'CLOSE', 4, 16))
    hub.flush(MINUTE)
    expect(lines(choosy.heard)).toEqual(['state: ', 'change: high', 'change: low', 'change: low'])
    expect(lines(gone.heard)).toEqual(['state: '])
  })

  test('a client that is held back gets changes conflated, and every beginning and end', () => {
    const { board, hub } = start()
    const one = ear()
    hub.subscribe(one.peer, ALL, MINUTE)
    one.it.buffered = 2000
    for (const next of [
      record('a', 'OPEN', 1),
      record('a', 'UPDATE', 2, 11),
      record('a', 'UPDATE', 3, 12),
      record('b', 'OPEN', 4),
      record('b', 'CLOSE', 5, 1),
    ]) {
      board.take(next)
      hub.flush(MINUTE)
    }
    expect(one.heard).toHaveLength(1)
    one.it.buffered = 0
    hub.flush(MINUTE)
    expect(lines(one.heard)).toEqual(['state: ', 'change: a,a,b,b'])
    expect(one.heard[1]?.signals).toMatchObject([
      { phase: 'OPEN' },
      { edgeBps: 12 },
      { phase: 'OPEN' },
      { phase: 'CLOSE' },
    ])
  })

  test('a client is closed that is behind for too long, holds too much, or would miss a beginning', () => {
    const { board, hub } = start(3)
    const [behind, full, missing] = [ear(), ear(), ear()]
    for (const { peer } of [behind, full, missing]) hub.subscribe(peer, ALL, MINUTE)
    board.take(record('a', 'OPEN', 1))
    behind.it.buffered = 2000
    full.it.buffered = 5000
    missing.it.buffered = 2000
    hub.flush(ms(0))
    expect([behind.it.ending, full.it.ending]).toEqual(['', 'buffer_full'])
    hub.unsubscribe(missing.peer)
    hub.flush(ms(10_001))
    expect(behind.it.ending).toBe('behind')
    missing.it.buffered = 0
    hub.subscribe(missing.peer, ALL, MINUTE)
    missing.it.buffered = 2000
    for (let n = 2; n < 12; n++) board.take(record(`s${n}`, 'OPEN', n))
    hub.flush(ms(10_002))
    expect(missing.it.ending).toBe('behind')
    expect(hub.subscribers()).toBe(0)
  })

  test('a client with much unread gets the state later; after a new state of the board everybody does', () => {
    const { board, hub } = start()
    const one = ear()
    one.it.buffered = 2000
    hub.subscribe(one.peer, ALL, MINUTE)
    expect(one.heard).toEqual([])
    one.it.buffered = 0
    board.take(record('a', 'OPEN', 1))
    hub.flush(MINUTE)
    board.restore([])
    hub.reset()
    hub.flush(MINUTE)
    expect(lines(one.heard)).toEqual(['state: a', 'state: '])
  })

  test('clients with the same filter share one message', () => {
    const { board, hub } = start()
    const [one, other] = [ear(), ear()]
    for (const { peer } of [one, other]) hub.subscribe(peer, { ...ALL, symbols: new Set(['BTC-USD']) }, MINUTE)
    board.take(record('a', 'OPEN', 1))
    hub.flush(MINUTE)
    expect(one.frames[1]).toBe(other.frames[1])
  })
})
