import { describe, expect, test } from 'vitest'
import type { Arrival } from '../../../core/arrivals.ts'
import type { Payload, Tick } from '../../../core/tick.ts'
import { MICROS_PER_MINUTE, micros } from '../../../core/time.ts'
import type { MarketEvent } from '../../../processors/market/events.ts'
import { ruleEvents } from '../../../processors/market/rule-events.ts'
import { candle, leg, life, opportunity } from '../../support/derived.ts'
import { MINUTE } from '../../support/logged.ts'
import { gap, heartbeat, MOMENT, quote, tick, trade } from '../../support/ticks.ts'

const NOW = micros(MOMENT + 5)
const arrivalOf = (
  payload: Exclude<Payload, { kind: 'control' }>,
  change: Partial<Omit<Tick, 'payload'>>,
): Arrival => ({
  kind: 'tick',
  tick: { ...tick(payload, change), payload },
  partition: 3,
  offset: 70,
  time: NOW,
  before: MOMENT,
  now: NOW,
})
const ARRIVAL = arrivalOf(heartbeat(), {})
const ofTick = (
  payload: Exclude<Payload, { kind: 'control' }>,
  change: Partial<Omit<Tick, 'payload'>> = {},
  flagged = false,
) => {
  const arrival = arrivalOf(payload, change)
  return ruleEvents(new Set(['EUR-BTC']))({ ...arrival, isFlagged: flagged }, arrival, new Map())
}
const of = (event: MarketEvent) => ruleEvents(new Set())(event, ARRIVAL, new Map())

describe('what a rule sees of a record of the log', () => {
  test('a trade, with its place, its assets and the rule time', () => {
    expect(ofTick(trade({ side: undefined }), { sequence: 12 })).toEqual({
      stream: 'trade',
      offset: 70,
      at: NOW,
      feed: 'LIVE',
      exchange: 'binance',
      symbol: 'BTC-USDT',
      base: 'BTC',
      quoteAsset: 'USDT',
      eventTime: MOMENT,
      receiveTime: MOMENT,
      sequence: 12,
      id: '4012345678',
      side: undefined,
      price: 91234.5,
      size: 0.013,
    })
  })

  test('a size that the channel does not give is absent, not nought', () => {
    expect(ofTick(quote({ bidSize: undefined }))).toMatchObject({
      stream: 'quote',
      bidSize: Number.NaN,
      askSize: 1.0421,
    })
  })

  test('the base of an inverse symbol is the asset that its ticks are keyed by', () => {
    expect(ofTick(trade(), { symbol: 'EUR-BTC' })).toMatchObject({ base: 'BTC', quoteAsset: 'EUR' })
    expect(ofTick(trade(), { symbol: 'BTC-USDT-PERP' })).toMatchObject({ base: 'BTC', quoteAsset: 'USDT' })
  })

  test('a gap of a whole session, with the symbol "" and no asset', () => {
    expect(ofTick(gap(), { symbol: '' })).toMatchObject({ stream: 'gap', symbol: '', base: '', reason: 'DISCONNECT' })
  })

  test('nothing of heartbeats and rates, of flagged quotes, of what was backfilled', () => {
    expect(ofTick(heartbeat())).toBeUndefined()
    expect(ofTick({ kind: 'rate', bid: 1, ask: 1 })).toBeUndefined()
    expect(ofTick(quote(), {}, true)).toBeUndefined()
    expect(ofTick(trade(), { feed: 'BACKFILL' })).toBeUndefined()
  })
})

describe('what a rule sees of what the steps made', () => {
  test('a best quote whose side nobody holds is absent there', () => {
    const bid = { exchange: 'kraken', price: 10, size: undefined, ageMs: 1 }
    expect(of({ kind: 'best', best: { symbol: 'BTC-USDT', at: MINUTE, bid, ask: undefined } })).toMatchObject({
      bid: 10,
      bidSize: Number.NaN,
      bidExchange: 'kraken',
      ask: Number.NaN,
      askExchange: undefined,
      exchange: undefined,
      eventTime: MINUTE,
    })
  })

  test('an opportunity by its legs; one that just opened has lasted 0 ms and peaks at its edge', () => {
    const legs = [leg({ exchange: 'kraken' }), leg({ exchange: 'okx', side: 'SELL', symbol: 'BTC-USDC' })]
    const seen = (change: Parameters<typeof opportunity>[0]) =>
      of({ kind: 'opportunity', opportunity: opportunity({ legs, edgeBps: 9, ...change }) })
    expect(seen({ phase: 'OPEN', life: undefined })).toMatchObject({
      kind: 'cross-exchange',
      buyExchange: 'kraken',
      sellExchange: 'okx',
      symbol: undefined,
      durationMs: 0,
      peakBps: 9,
    })
    expect(seen({ phase: 'UPDATE', life: life() })).toMatchObject({ durationMs: 1000, peakBps: 12 })
  })

  test('a candle with its return since the close of the interval before, absent after a pause', () => {
    const seen = ruleEvents(new Set())
    const closes = new Map()
    const returns = [
      { minute: 0, close: 100 },
      { minute: 1, close: 110 },
      { minute: 1, close: 50, exchange: 'kraken' },
      { minute: 2, close: 99 },
      { minute: 4, close: 99 },
    ].map(({ minute, ...change }) => {
      const openTime = micros(MINUTE + minute * MICROS_PER_MINUTE)
      return seen({ kind: 'candle', candle: candle({ openTime, ...change }) }, ARRIVAL, closes)
    })
    // ln(1.1) and ln(0.9), by Python's math.log.
    expect(returns.map((one) => one?.stream === 'candle' && one.logReturn)).toEqual([
      Number.NaN,
      0.09531017980432493,
      Number.NaN,
      -0.10536051565782628,
      Number.NaN,
    ])
  })
})
