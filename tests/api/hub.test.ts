import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBoard, type Board } from '../../api/board.ts'
import { LIMITS, createHub, endingOf, type Hub, type Peer } from '../../api/hub.ts'
import type { Filter } from '../../api/protocol.ts'
import { micros, type Micros } from '../../core/time.ts'

const T0 = micros(Date.UTC(2026, 0, 1) * 1000)
const at = (seconds: number): Micros => micros(T0 + seconds * 1_000_000)
const ALL: Filter = { symbols: undefined, exchanges: undefined }

type Message = { readonly type: string; readonly sequence: number; readonly prices: readonly Record<string, unknown>[] }
type Ear = Peer & { readonly heard: Message[]; readonly frames: Buffer[]; buffered: number; ending: string | undefined }

function ear(): Ear {
  const it: Ear = {
    heard: [],
    frames: [],
    buffered: 0,
    ending: undefined,
    bufferedAmount: () => it.buffered,
    send(frame) {
      it.frames.push(frame)
      it.heard.push(JSON.parse(frame.toString()))
    },
    end(reason) {
      it.ending = reason
    },
  }
  return it
}

function setPrice(board: Board, symbol: string, last: number, exchange = 'kraken'): void {
  const tick = { exchange, symbol, feed: 'LIVE', eventTime: T0, timeSource: 'EXCHANGE', receiveTime: T0 } as const
  const payload = { kind: 'trade', id: '1', side: undefined, price: last, size: 1 } as const
  board.take({
    partition: 0,
    tick: { ...tick, session: T0, ordinal: 0, sequence: 0, origin: undefined, payload },
    time: T0,
    arrival: T0,
  })
}

const start = (): { board: Board; hub: Hub } => {
  const board = createBoard()
  return { board, hub: createHub(board, 'simulated') }
}
const lasts = (message: Message | undefined): unknown => message?.prices.map(({ symbol, last }) => [symbol, last])

describe('hub', () => {
  test('sends the snapshot at once, then only what changed, the latest of each price', () => {
    const { board, hub } = start()
    const one = ear()
    setPrice(board, 'BTC-USD', 1)
    setPrice(board, 'ETH-USD', 2)
    hub.subscribe(one, ALL, T0)
    expect(one.heard).toMatchObject([{ type: 'snapshot', channel: 'prices', source: 'simulated', sequence: 2 }])
    expect(lasts(one.heard[0])).toEqual([
      ['BTC-USD', '1'],
      ['ETH-USD', '2'],
    ])
    setPrice(board, 'BTC-USD', 3)
    setPrice(board, 'BTC-USD', 4)
    expect(hub.flush(T0)).toBe(1)
    expect(one.heard[1]).toMatchObject({ type: 'price_update', sequence: 4 })
    expect(lasts(one.heard[1])).toEqual([['BTC-USD', '4']])
    expect(hub.flush(T0)).toBe(0)
    expect(one.heard).toHaveLength(2)
  })

  test('answers a subscription that matches nothing with an empty snapshot', () => {
    const { hub } = start()
    const one = ear()
    hub.subscribe(one, { symbols: new Set(['XXX-YYY']), exchanges: undefined }, T0)
    expect(one.heard).toMatchObject([{ type: 'snapshot', prices: [] }])
  })

  test('puts no second snapshot before a client that does not read the first', () => {
    const { board, hub } = start()
    const one = ear()
    setPrice(board, 'BTC-USD', 1)
    one.buffered = LIMITS.holdBytes + 1
    hub.subscribe(one, ALL, T0)
    hub.flush(T0)
    expect(one.heard).toEqual([])
    one.buffered = 0
    hub.flush(T0)
    expect(one.heard).toMatchObject([{ type: 'snapshot', prices: [{ last: '1' }] }])
  })

  test('filters by symbol and exchange', () => {
    const { board, hub } = start()
    const one = ear()
    hub.subscribe(one, { symbols: new Set(['BTC-USD']), exchanges: new Set(['kraken']) }, T0)
    setPrice(board, 'BTC-USD', 1, 'binance')
    setPrice(board, 'ETH-USD', 2)
    hub.flush(T0)
    setPrice(board, 'BTC-USD', 3)
    hub.flush(T0)
    expect(one.heard.slice(1).map(lasts)).toEqual([[['BTC-USD', '3']]])
  })

  test('serialises once for all clients with the same filter', () => {
    const { board, hub } = start()
    const ears = [ear(), ear(), ear()]
    for (const one of ears) hub.subscribe(one, ALL, T0)
    setPrice(board, 'BTC-USD', 1)
    hub.flush(T0)
    expect(new Set(ears.map(({ frames }) => frames[1])).size).toBe(1)
  })

  test('holds a slow client back and then gives it the latest of everything it missed, others go on', () => {
    const { board, hub } = start()
    const [slow, quick] = [ear(), ear()]
    hub.subscribe(slow, ALL, T0)
    hub.subscribe(quick, ALL, T0)
    slow.buffered = LIMITS.holdBytes + 1
    for (let i = 1; i <= 5; i++) {
      setPrice(board, 'BTC-USD', i)
      setPrice(board, `C${i}-USD`, i)
      hub.flush(at(i))
    }
    expect([slow.heard.length, quick.heard.length]).toEqual([1, 6])
    slow.buffered = 0
    setPrice(board, 'BTC-USD', 6)
    hub.flush(at(6))
    expect(lasts(slow.heard[1])).toEqual([['BTC-USD', '6'], ...[1, 2, 3, 4, 5].map((i) => [`C${i}-USD`, String(i)])])
  })

  test('ends a client that is behind for more than 10 s and forgets it', () => {
    const { board, hub } = start()
    const one = ear()
    hub.subscribe(one, ALL, T0)
    one.buffered = LIMITS.holdBytes + 1
    for (const seconds of [1, 11, 11.1]) {
      setPrice(board, 'BTC-USD', seconds)
      hub.flush(at(seconds))
    }
    expect(one.ending).toBe('behind')
    expect(hub.subscribers()).toBe(0)
  })

  test('forgives a client that catches up in between', () => {
    const { board, hub } = start()
    const one = ear()
    hub.subscribe(one, ALL, T0)
    for (const [seconds, buffered] of [
      [1, 2e6],
      [6, 0],
      [12, 2e6],
    ] as const) {
      one.buffered = buffered
      setPrice(board, 'BTC-USD', seconds)
      hub.flush(at(seconds))
    }
    expect(one.ending).toBeUndefined()
  })

  test.each([
    [LIMITS.holdBytes, undefined, undefined],
    [LIMITS.closeBytes, undefined, undefined],
    [LIMITS.closeBytes + 1, undefined, 'buffer_full'],
    [0, at(-10), undefined],
    [0, at(-10.5), 'behind'],
  ])('judges %d bytes held since %s', (bytes, since, expected) => {
    expect(endingOf(bytes, since, T0, LIMITS)).toBe(expected)
  })

  test('a client that applies every message sees the board, however it was held back', () => {
    const step = fc.record({ symbol: fc.constantFrom('A-B', 'C-D', 'E-F'), last: fc.nat(99), held: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(10), (steps, joinAt) => {
        const { board, hub } = start()
        const one = ear()
        for (const [index, { symbol, last, held }] of steps.entries()) {
          if (index === joinAt) hub.subscribe(one, ALL, T0)
          one.buffered = held ? 2e6 : 0
          setPrice(board, symbol, last)
          hub.flush(T0)
        }
        if (joinAt >= steps.length) hub.subscribe(one, ALL, T0)
        one.buffered = 0
        hub.flush(T0)
        const seen = new Map(one.heard.flatMap(({ prices }) => prices.map(({ symbol, last }) => [symbol, last])))
        const there = new Map([...board.prices()].map(({ symbol, last }) => [symbol, String(last)]))
        expect(seen).toEqual(there)
      }),
    )
  })
})
