import type { Aggregate } from '../../../../core/rules/document.ts'
import type { CandleEvent } from '../../../../core/rules/events.ts'
import type { Expression, Frame } from '../../../../core/rules/frame.ts'
import type { Reader, Source } from '../../../../core/rules/machine.ts'
import { sourceOf, type AggregateInputs } from '../../../../core/rules/aggregate/source.ts'
import { micros } from '../../../../core/time.ts'
import type { Answer, Told } from './naive.ts'

export const blank: CandleEvent = {
  stream: 'candle',
  offset: 0,
  at: micros(0),
  feed: 'SIMULATED',
  exchange: undefined,
  symbol: undefined,
  base: undefined,
  quoteAsset: undefined,
  eventTime: 0,
  receiveTime: 0,
  sequence: Number.NaN,
  interval: '1s',
  openTime: 0,
  open: Number.NaN,
  high: Number.NaN,
  low: Number.NaN,
  close: 0,
  volume: 0,
  vwap: Number.NaN,
  trades: 0,
  logReturn: Number.NaN,
}

/** Names of the tests' expressions: `a` is the close, `b` the volume, `text` the exchange. */
export const NAMES: Readonly<Record<string, Expression>> = {
  a: { type: 'number', read: ({ event }) => (event.stream === 'candle' ? event.close : Number.NaN) },
  b: { type: 'number', read: ({ event }) => (event.stream === 'candle' ? event.volume : Number.NaN) },
  text: { type: 'string', read: ({ event }) => event.exchange },
  time: { type: 'time', read: ({ now }) => now },
  truth: { type: 'bool', read: () => true },
  length: { type: 'duration', read: ({ event }) => (event.stream === 'candle' ? event.close : Number.NaN) },
}

export function inputsOf({ of }: Aggregate, more: Partial<AggregateInputs> = {}): AggregateInputs {
  const names = of === undefined ? [] : typeof of === 'string' ? [of] : of
  return {
    of: names.map((name) => NAMES[name] ?? { type: 'number', read: () => Number.NaN }),
    series: undefined,
    streams: ['candle'],
    where: undefined,
    identity: { of: names },
    eventsPerSecond: 50,
    candleMicros: 1_000_000,
    ...more,
  }
}

export function frameOf(told: Told, stamp: number): Frame {
  const { at, a, b, text, open } = told
  const event = { ...blank, exchange: text, close: a, volume: b, openTime: open }
  return { event, now: micros(at), stamp, slots: [], taken: undefined, earlier: [] }
}

export function made(aggregate: Aggregate, more: Partial<AggregateInputs> = {}): { source: Source; reader: Reader } {
  const found = sourceOf(aggregate, inputsOf(aggregate, more))
  if (found.kind === 'problems') throw new TypeError(JSON.stringify([aggregate, found.problems]))
  return found
}

export const read = (reader: Reader, state: object, frame: Frame): Answer => reader.read(state, frame)
