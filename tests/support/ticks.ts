import type { Gap, Heartbeat, Payload, Quote, Rate, Tick, Trade } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'

/** 2026-11-20T10:15:30.123456Z, the moment of the examples in the documents. */
export const MOMENT = micros(1_795_169_730_123_456)

/** A tick with defaults: a live trade on binance. `tick(quote({ bid: 1 }), { exchange: 'kraken' })`. */
export const tick = (payload: Payload = trade(), change: Partial<Omit<Tick, 'payload'>> = {}): Tick => ({
  exchange: 'binance',
  symbol: payload.kind === 'heartbeat' || payload.kind === 'control' ? '' : 'BTC-USDT',
  feed: 'LIVE',
  eventTime: MOMENT,
  timeSource: 'EXCHANGE',
  receiveTime: MOMENT,
  session: micros(MOMENT - 60_000_000),
  ordinal: 0,
  sequence: 0,
  origin: undefined,
  payload,
  ...change,
})

export const trade = (change: Partial<Omit<Trade, 'kind'>> = {}): Trade => ({
  kind: 'trade',
  id: '4012345678',
  side: 'SELL',
  price: 91234.5,
  size: 0.013,
  ...change,
})

export const quote = (change: Partial<Omit<Quote, 'kind'>> = {}): Quote => ({
  kind: 'quote',
  bid: 91234.49,
  bidSize: 3.21,
  ask: 91234.5,
  askSize: 1.0421,
  source: 'STREAM',
  ...change,
})

export const gap = (change: Partial<Omit<Gap, 'kind'>> = {}): Gap => ({
  kind: 'gap',
  from: micros(MOMENT - 1_000_000),
  to: MOMENT,
  reason: 'DISCONNECT',
  backfilled: false,
  ...change,
})

export const heartbeat = (change: Partial<Omit<Heartbeat, 'kind'>> = {}): Heartbeat => ({
  kind: 'heartbeat',
  state: 'UP',
  lastSequence: 0,
  ...change,
})

export const rate = (change: Partial<Omit<Rate, 'kind'>> = {}): Rate => ({
  kind: 'rate',
  bid: 0.9998,
  ask: 1.0001,
  ...change,
})
