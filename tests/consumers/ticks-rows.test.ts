import { describe, expect, test } from 'vitest'
import { tickRows } from '../../consumers/ticks-rows.ts'
import type { Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import { MOMENT, gap, heartbeat, quote, rate, tick, trade } from '../support/ticks.ts'

const fold = (
  ticks: readonly Tick[],
  known: readonly string[] = [],
  partition = 0,
  beats: ReadonlyMap<string, Micros> = new Map(),
) =>
  tickRows(
    partition,
    ticks.map((value, offset) => ({ value, offset, record: { offset, key: null, value: null, timestampMs: 0 } })),
    new Set(known),
    beats,
  )
const other = micros(MOMENT - 5)

describe('folding ticks into rows', () => {
  test('keeps every trade and quote, in log order, with its offset', () => {
    const { trades, quotes } = fold([tick(trade()), tick(quote()), tick(rate()), tick(trade({ id: 'b' }))])
    expect(trades.map(({ trade: { id }, offset }) => [id, offset])).toEqual([
      ['4012345678', 0],
      ['b', 3],
    ])
    expect(quotes.map(({ offset }) => offset)).toEqual([1])
  })

  test('takes nothing of a control record but how far its session is', () => {
    const body = new Uint8Array()
    const control = tick(
      { kind: 'control', documentId: 'arbitrage', epoch: 1, hash: 'h', body },
      { exchange: '', ordinal: 7 },
    )
    const { seen, ...rows } = fold([tick(quote()), control])
    expect(seen.map(({ exchange, ordinal }) => [exchange, ordinal])).toEqual([
      ['binance', 0],
      ['', 7],
    ])
    expect(rows).toEqual((({ seen: _seen, ...others }) => others)(fold([tick(quote())])))
  })

  test('lets one quote of each exchange and symbol stand: the last', () => {
    const { quotes } = fold([tick(quote()), tick(quote(), { exchange: 'kraken' }), tick(quote())])
    expect(quotes.map(({ latest }) => latest)).toEqual(['no', 'stands', 'stands'])
  })

  test('a Gap withdraws quotes before it, of its session, of its symbol or of all', () => {
    const before = [
      tick(quote()),
      tick(quote(), { symbol: 'ETH-USDT' }),
      tick(quote(), { symbol: 'SOL-USDT', session: other }),
    ]
    const latest = (one: Tick) => fold([...before, one]).quotes.map((row) => row.latest)
    expect(latest(tick(gap()))).toEqual(['withdrawn', 'stands', 'stands'])
    expect(latest(tick(gap(), { symbol: '' }))).toEqual(['withdrawn', 'withdrawn', 'stands'])
    expect(latest(tick(gap(), { symbol: '', exchange: 'kraken' }))).toEqual(['stands', 'stands', 'stands'])
    expect(fold([tick(gap()), tick(quote())]).quotes.map((row) => row.latest)).toEqual(['stands'])
  })

  test.each([0, 3])('in partition %i DOWN takes back every quote of its session, and no later UP revives it', (at) => {
    const ticks = [
      tick(quote()),
      tick(quote(), { symbol: 'SOL-USDT', session: other }),
      tick(heartbeat()),
      tick(heartbeat({ state: 'DOWN' })),
      tick(heartbeat()),
      tick(quote(), { symbol: 'ETH-USDT' }),
    ]
    const { quotes, withdrawals } = fold(ticks, [], at)
    expect(quotes.map((row) => row.latest)).toEqual(['withdrawn', 'stands', 'stands'])
    expect(withdrawals.map(({ offset }) => offset)).toEqual([3])
  })

  test('a heartbeat over 3 s after its session’s last takes its quotes back, one at 3 s does not', () => {
    const at = (micro: number, session = micros(MOMENT)) =>
      tick(heartbeat(), { session, receiveTime: micros(MOMENT + micro) })
    const quoted = tick(quote(), { session: micros(MOMENT) })
    const latest = (...ticks: readonly Tick[]) => fold(ticks).quotes.map((row) => row.latest)
    expect(latest(at(0), quoted, at(3_000_000))).toEqual(['stands'])
    expect(latest(at(0), quoted, at(3_000_001))).toEqual(['withdrawn'])
    expect(latest(at(0), quoted, at(0, other), at(3_000_001, other))).toEqual(['stands'])
    const beats = new Map([[`binance/${MOMENT}`, MOMENT]])
    const later = fold([quoted, at(3_000_001)], [], 0, beats)
    expect(later.quotes.map((row) => row.latest)).toEqual(['withdrawn'])
    expect(later.seen.map(({ beat }) => beat)).toEqual([MOMENT + 3_000_001])
    expect(fold([quoted], [], 0, beats).seen.map(({ beat }) => beat)).toEqual([MOMENT])
  })

  test('a session’s highest ordinal is seen once', () => {
    const { seen } = fold([1, 5, 9].map((ordinal) => tick(trade({ id: String(ordinal) }), { ordinal })))
    expect(seen.map(({ ordinal }) => ordinal)).toEqual([9])
  })

  test('heartbeats become rows in partition 0 alone: the last of each session, one newest per exchange', () => {
    const ticks = [
      tick(heartbeat({ lastSequence: 1 })),
      tick(heartbeat({ lastSequence: 2 }), { session: other }),
      tick(heartbeat({ lastSequence: 3, state: 'DOWN' })),
    ]
    expect(fold(ticks).heartbeats.map((row) => [row.heartbeat.lastSequence, row.newest])).toEqual([
      [3, true],
      [2, false],
    ])
    expect(fold(ticks, [], 1).heartbeats).toEqual([])
  })

  test('names only symbols that the database does not have', () => {
    const ticks = [tick(quote(), { symbol: 'NEW-USD' }), tick(trade()), tick(trade(), { symbol: 'NEW-USD' })]
    expect(fold(ticks, ['binance/BTC-USDT']).symbols).toEqual([
      { exchange: 'binance', symbol: 'NEW-USD', base: 'NEW', quote: 'USD', perpetual: false },
    ])
  })
})
