import { describe, expect, test } from 'vitest'
import { createBoard, type Board } from '../../api/board.ts'
import type { Price } from '../../api/price.ts'
import type { Payload, Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'

const T0 = Date.UTC(2026, 0, 1) * 1000
const at = (seconds: number): Micros => micros(T0 + seconds * 1_000_000)
const A = at(-60)
const B = at(-30)

type Change = Partial<Omit<Tick, 'payload'>> & { readonly partition?: number; readonly seconds?: number }

function put(board: Board, payload: Payload, { partition = 0, seconds = 0, ...change }: Change = {}): void {
  const time = at(seconds)
  const tick: Tick = {
    exchange: 'kraken',
    symbol: payload.kind === 'heartbeat' ? '' : 'BTC-USD',
    feed: 'LIVE',
    eventTime: time,
    timeSource: 'EXCHANGE',
    receiveTime: time,
    session: A,
    ordinal: 0,
    sequence: 0,
    origin: undefined,
    payload,
    ...change,
  }
  board.take({ partition, tick, time, arrival: time })
}

const quote = (bid = 100, ask = 101): Payload => ({ kind: 'quote', bid, bidSize: 1, ask, askSize: 2, source: 'STREAM' })
const trade = (price: number): Payload => ({ kind: 'trade', id: '1', side: 'BUY', price, size: 1 })
const beat = (state: 'UP' | 'DOWN' = 'UP'): Payload => ({ kind: 'heartbeat', state, lastSequence: 0 })
const gap = (reason: 'START' | 'DISCONNECT' | 'STALL' | 'WITHDRAWN' | 'OVERFLOW'): Payload => ({
  kind: 'gap',
  from: A,
  to: A,
  reason,
  backfilled: false,
})
const rows = (board: Board): readonly Price[] => [...board.prices()]
const stateOf = (board: Board, symbol = 'BTC-USD'): string | undefined =>
  rows(board).find((row) => row.symbol === symbol)?.state

/** A board with one confirmed quote of session A. */
function confirmed(): Board {
  const board = createBoard()
  put(board, beat())
  put(board, quote())
  return board
}

describe('board', () => {
  test('keeps the latest quote and the latest trade of each symbol and exchange', () => {
    const board = confirmed()
    put(board, quote(102, 103), { seconds: 1 })
    put(board, trade(102.5), { seconds: 2 })
    put(board, quote(5, 6), { seconds: 2, exchange: 'binance' })
    expect(rows(board)).toMatchObject([
      { exchange: 'kraken', bid: 102, ask: 103, last: 102.5, eventTime: at(2), ticks: 3, state: 'up' },
      { exchange: 'binance', bid: 5, ask: 6, last: undefined, ticks: 1 },
    ])
  })

  test('numbers every change, so that what changed since N is a comparison', () => {
    const board = confirmed()
    const before = board.sequence()
    put(board, trade(1), { symbol: 'ETH-USD' })
    expect(rows(board).filter(({ sequence }) => sequence > before)).toMatchObject([{ symbol: 'ETH-USD' }])
  })

  test('holds a quote down until a heartbeat of its own session confirms it', () => {
    const board = createBoard()
    put(board, quote())
    put(board, beat(), { session: B })
    expect(stateOf(board)).toBe('down')
    put(board, beat())
    expect(stateOf(board)).toBe('up')
  })

  test('is not confirmed by a heartbeat in another partition', () => {
    const board = createBoard()
    put(board, quote())
    put(board, beat(), { partition: 1 })
    expect(stateOf(board)).toBe('down')
  })

  test('invalidates quotes of a session that says DOWN, until that session quotes again', () => {
    const board = confirmed()
    put(board, beat('DOWN'), { seconds: 1 })
    expect(stateOf(board)).toBe('down')
    put(board, beat('UP'), { seconds: 2 })
    expect(stateOf(board)).toBe('down')
    put(board, quote(), { seconds: 2 })
    expect(stateOf(board)).toBe('up')
  })

  test('invalidates quotes 3 s after the last heartbeat by the wall clock, not before', () => {
    const board = confirmed()
    board.expire(at(3))
    expect(stateOf(board)).toBe('up')
    board.expire(micros(at(3) + 1))
    expect(stateOf(board)).toBe('down')
  })

  test('finds a silent session by the log when others move the clock of its partition', () => {
    const board = confirmed()
    put(board, beat(), { exchange: 'binance', session: B, seconds: 4 })
    board.expire(at(2))
    expect(stateOf(board)).toBe('down')
  })

  test('does not let a late heartbeat revive quotes that were unconfirmed for over 3 s', () => {
    const board = confirmed()
    put(board, beat(), { seconds: 4 })
    expect(stateOf(board)).toBe('down')
    put(board, quote(), { seconds: 4 })
    expect(stateOf(board)).toBe('up')
  })

  test.each(['DISCONNECT', 'STALL', 'OVERFLOW'] as const)(
    'invalidates the quotes of a session at its gap (%s), in that partition alone',
    (reason) => {
      const board = confirmed()
      put(board, beat(), { partition: 1 })
      put(board, quote(), { partition: 1, symbol: 'ETH-USD' })
      put(board, gap(reason), { symbol: '' })
      expect([stateOf(board), stateOf(board, 'ETH-USD')]).toEqual(['down', 'up'])
    },
  )

  test('leaves the quotes of one session alone when another begins or fails', () => {
    const board = confirmed()
    put(board, gap('START'), { symbol: '', session: B })
    put(board, gap('DISCONNECT'), { symbol: '', session: B })
    put(board, gap('WITHDRAWN'), { session: B })
    expect(stateOf(board)).toBe('up')
  })

  test('shows a withdrawn quote as such until the next one', () => {
    const board = confirmed()
    put(board, gap('WITHDRAWN'))
    expect(stateOf(board)).toBe('withdrawn')
    put(board, quote())
    expect(stateOf(board)).toBe('up')
  })

  test('starts from what PostgreSQL remembers and confirms it by the same rule', () => {
    const board = createBoard()
    const remembered = { exchange: 'kraken', symbol: 'BTC-USD', feed: 'LIVE', bid: 1, ask: 2, last: 1.5 } as const
    const sizes = { bidSize: undefined, askSize: undefined, eventTime: A, receiveTime: A }
    board.restore([{ ...remembered, ...sizes, session: A, partition: 0, isValid: true }])
    expect(rows(board)).toMatchObject([{ ...remembered, state: 'down', sequence: 1 }])
    put(board, beat())
    expect(stateOf(board)).toBe('up')
  })

  test('takes neither backfilled trades nor records over 10 minutes late', () => {
    const board = confirmed()
    put(board, trade(1), { feed: 'BACKFILL', seconds: 1 })
    put(board, trade(2), { seconds: 700 })
    put(board, trade(3), { seconds: 99 })
    expect(rows(board)[0]?.last).toBe(2)
  })

  test('lets no control record move its clock: what it governs may be a recording', () => {
    const board = confirmed()
    const body = new Uint8Array()
    const control: Payload = { kind: 'control', documentId: 'arbitrage', epoch: 1, hash: '', body }
    put(board, control, { seconds: 3600, exchange: '', symbol: '' })
    put(board, trade(3), { seconds: 1 })
    expect(rows(board).map(({ exchange, last, state }) => [exchange, last, state])).toEqual([['kraken', 3, 'up']])
  })

  test('names the sessions that live, once for all partitions', () => {
    const board = confirmed()
    put(board, beat(), { partition: 1 })
    put(board, beat('DOWN'), { exchange: 'binance' })
    expect(board.liveSessions()).toEqual([{ exchange: 'kraken', session: A }])
  })
})
