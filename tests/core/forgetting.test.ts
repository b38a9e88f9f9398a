import { describe, expect, test } from 'vitest'
import { arrivals, type Arrival } from '../../core/arrivals.ts'
import { noDelays, takeDelay } from '../../core/lag.ts'
import { confirmedAt, faultOf, takeHeartbeat, takeQuote, type QuoteTable } from '../../core/quotes.ts'
import { micros, type Micros } from '../../core/time.ts'
import { logged, MINUTE, ms } from '../support/logged.ts'
import { heartbeat, quote, tick } from '../support/ticks.ts'

const session = (index: number): Micros => micros(MINUTE - 1000 + index)

describe('sessions', () => {
  test('are remembered as long as they write, however many there are', () => {
    const beats = Array.from({ length: 100 }, (_, index) =>
      tick(heartbeat(), { session: session(index), receiveTime: ms(index) }),
    )
    const log = logged([...beats, ...beats])
    const state = arrivals.initial()
    const counts: string[] = []
    const passed: Arrival[] = []
    for (const [place, record] of log.entries()) {
      const value = place < beats.length ? record.value : { ...record.value, ordinal: 0 }
      arrivals.step(
        state,
        { ...record, value },
        { emit: (one) => void passed.push(one), count: (what) => void counts.push(what) },
      )
    }
    expect([passed.length, counts.length]).toEqual([100, 100])
  })

  test('are remembered for 10 min after their last record, not after their first', () => {
    const minutes = [0, 9, 18]
    const log = logged(minutes.map((one) => tick(heartbeat(), { session: session(0), receiveTime: ms(one * 60_000) })))
    const again = log.at(-1)
    if (again === undefined) throw new TypeError('no record')
    const state = arrivals.initial()
    const counts: string[] = []
    for (const record of [...log, { ...again, offset: 9 }])
      arrivals.step(state, record, { emit: () => undefined, count: (what) => void counts.push(what) })
    expect(counts).toEqual(['duplicate'])
  })
})

describe('a quote', () => {
  const arrive = (offset: number, millis: number, by: number, now = millis): Arrival => {
    const own = { ...tick(quote(), { session: session(by), receiveTime: ms(millis) }), payload: quote() }
    return { kind: 'tick', tick: own, partition: 0, offset, time: ms(millis), before: ms(now), now: ms(now) }
  }

  test('is confirmed by heartbeats after it on the log, at the later of both times', () => {
    const table: QuoteTable = new Map()
    takeHeartbeat(table, arrive(0, 900, 0), heartbeat())
    // Stamped before the heartbeat that stands before it: the quote's own time counts.
    const standing = takeQuote(table, arrive(1, 500, 0, 900), quote(), false)
    expect(confirmedAt(standing)).toBe(ms(500))
    takeHeartbeat(table, arrive(2, 400, 0, 900), heartbeat())
    expect(confirmedAt(standing)).toBe(ms(500))
    takeHeartbeat(table, arrive(3, 600, 0, 900), heartbeat())
    expect(confirmedAt(standing)).toBe(ms(600))
  })

  test('stands, however many sockets its exchange has opened since', () => {
    const table: QuoteTable = new Map()
    takeHeartbeat(table, arrive(0, 0, 0), heartbeat())
    const standing = takeQuote(table, arrive(1, 0, 0), quote(), false)
    for (let other = 1; other < 40; other += 1)
      takeHeartbeat(table, arrive(1 + other, 5000 + other, other), heartbeat())
    takeHeartbeat(table, arrive(50, 5100, 0), heartbeat())
    // Its session was silent for 5 s meanwhile: who forgot that would take the quote for a live one.
    expect(faultOf(standing, ms(5100), { maxAge: 60_000_000, maxQuoteAge: 60_000_000 })).toBe('down')
    expect(table.get('binance')?.lives.get(session(0))).toBe(standing.life)
  })
})

test('a delay is measured against the least of its last minute, however long the series', () => {
  const window = noDelays()
  // Rising by one each 100 ms: the least of (T - 60 s, T] is the one 599 before.
  const found = Array.from({ length: 20_000 }, (_, index) => takeDelay(window, micros(index * 100_000), index))
  expect(found.filter((above, index) => above !== Math.min(index, 599))).toEqual([])
})
