import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tickFault } from '../../core/tick-check.ts'
import type { Quote, Tick, Trade } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { arbitraryPayloads, arbitraryTick } from '../support/arbitraries.ts'

const TIME = micros(1_795_169_730_123_456)
const good: Trade = { kind: 'trade', id: '1', side: 'BUY', price: 1, size: 1 }
const quote: Quote = { kind: 'quote', bid: 1, bidSize: undefined, ask: 2, askSize: 1, source: 'STREAM' }
const tick = (change: Partial<Tick> = {}): Tick => ({
  exchange: 'kraken',
  symbol: 'BTC-USD',
  feed: 'LIVE',
  eventTime: TIME,
  timeSource: 'EXCHANGE',
  receiveTime: TIME,
  session: TIME,
  ordinal: 0,
  sequence: 0,
  origin: undefined,
  payload: good,
  ...change,
})

describe('tick check', () => {
  test.each(Object.entries(arbitraryPayloads))('believes every sound %s', (_, payload) => {
    const disbelieved = fc
      .sample(arbitraryTick(payload), 300)
      .map(tickFault)
      .filter((fault) => fault !== undefined)
    expect(disbelieved).toEqual([])
  })

  test.each<[string, Partial<Tick>]>([
    ['exchange', { exchange: 'nasdaq' }],
    ['exchange', { exchange: '' }],
    ['eventTime', { eventTime: micros(0) }],
    ['receiveTime', { receiveTime: micros(9e15) }],
    ['session', { session: micros(5) }],
    ['ordinal', { ordinal: -1 }],
    ['sequence', { sequence: 0.5 }],
    ['symbol', { symbol: '' }],
    ['id', { payload: { ...good, id: '' } }],
    ['price', { payload: { ...good, price: NaN } }],
    ['price', { payload: { ...good, price: -1 } }],
    ['size', { payload: { ...good, size: Infinity } }],
    ['size', { payload: { ...good, size: 0 } }],
    ['bid', { payload: { ...quote, bid: 3 } }],
    ['bid', { payload: { ...quote, bid: 2 } }],
    ['askSize', { payload: { ...quote, askSize: 0 } }],
    ['ask', { payload: { kind: 'rate', bid: 1, ask: NaN } }],
    ['gap', { payload: { kind: 'gap', from: micros(TIME + 1), to: TIME, reason: 'START', backfilled: false } }],
    ['lastSequence', { payload: { kind: 'heartbeat', state: 'UP', lastSequence: -1 } }],
  ])('names the field %s it cannot believe: %j', (field, change) => {
    expect(tickFault(tick(change))).toMatch(new RegExp(`^${field}\\b`))
  })
})
