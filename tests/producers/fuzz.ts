import { readFileSync } from 'node:fs'
import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tickFault } from '../../core/tick-check.ts'
import { micros, type Micros } from '../../core/time.ts'
import { decode, type Adapter, type Decoded } from '../../producers/adapter.ts'
import { initialFeed, type FeedOutput } from '../../producers/feed-state.ts'
import { feed, type FeedInput } from '../../producers/feed.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { mutant } from './mutants.ts'

const TICK = avsc.Type.forSchema(JSON.parse(readFileSync(new URL('../../schemas/Tick.avsc', import.meta.url), 'utf8')))
const RUNS = 300
const WINDOW = 600_000_000
const FALLBACK = micros(1_795_169_730_223_000)

/** No damage to a frame makes an adapter throw, or puts a tick on the log that could not be believed. */
export function fuzzLaws(adapter: Adapter, frames: readonly string[]): void {
  describe(`${adapter.exchange} adapter, given damaged frames of ${adapter.addresses[0]},`, () => {
    test('never throws and decodes no entry that could not be', () => {
      expect(broken(decodesOnlyThePossible(adapter, frames))).toBeUndefined()
    })

    test('puts no tick on the log that a reader would not believe, and none outside ten minutes', () => {
      expect(broken(emitsOnlyTheBelievable(adapter, frames))).toBeUndefined()
    })
  })
}

/** What breaks a law and how, with the seed to see it again; `undefined` if nothing did. */
export function broken<Input>(law: fc.IProperty<[Input]>): string | undefined {
  const result = fc.check(law, { numRuns: RUNS })
  return result.failed ? `${fc.defaultReportMessage(result)}\n${String(result.errorInstance)}` : undefined
}

export function decodesOnlyThePossible(adapter: Adapter, frames: readonly string[]) {
  const at = newest(adapter, frames)
  return fc.property(mutant(frames), (frame) => {
    expect(impossible(decode(adapter, frame, at))).toEqual([])
  })
}

export function emitsOnlyTheBelievable(adapter: Adapter, frames: readonly string[]) {
  const at = newest(adapter, frames)
  const native = symbolsOf(adapter, frames, at)
  return fc.property(fc.array(mutant(frames), { minLength: 1, maxLength: 4 }), (damaged) => {
    const out = played(adapter, native, damaged, at)
    expect(out.flatMap((one) => (one.kind === 'tick' ? unbelievable(one) : []))).toEqual([])
  })
}

function unbelievable({ tick }: Extract<FeedOutput, { kind: 'tick' }>): readonly string[] {
  const fault = tickFault(tick)
  if (fault !== undefined) return [fault]
  // Throws what the writer would.
  TICK.toBuffer(tickCodec.toWire(tick))
  return Math.abs(tick.eventTime - tick.receiveTime) <= WINDOW ? [] : [`eventTime ${tick.eventTime}`]
}

function impossible(decoded: Decoded): readonly string[] {
  if (decoded.kind !== 'ticks') return []
  const heads = [...decoded.ticks, ...decoded.withdrawals]
  return [
    ...heads.filter(({ nativeSymbol }) => nativeSymbol === '').map(() => 'no symbol'),
    ...heads.filter(({ eventTime }) => !Number.isSafeInteger(eventTime) || eventTime < 0).map(() => 'no time'),
    ...heads.filter(({ sequence }) => !Number.isSafeInteger(sequence) || sequence < 0).map(() => 'no sequence'),
    ...decoded.ticks.filter(({ payload }) => !isPossible(payload)).map(({ payload }) => JSON.stringify(payload)),
  ]
}

const isAmount = (value: number | undefined): boolean => value === undefined || (Number.isFinite(value) && value > 0)
const isPossible = (payload: Extract<Decoded, { kind: 'ticks' }>['ticks'][number]['payload']): boolean =>
  payload.kind === 'trade'
    ? isAmount(payload.price) && isAmount(payload.size) && payload.id !== ''
    : [payload.bid, payload.ask, payload.bidSize, payload.askSize].every(isAmount) && payload.bid < payload.ask

function played(adapter: Adapter, native: readonly string[], frames: readonly string[], at: Micros) {
  const state = initialFeed({
    adapter,
    feed: 'LIVE',
    instruments: native.map((nativeSymbol, index) => ({ symbol: `A${index}-USD`, nativeSymbol })),
    partitions: 3,
    inverses: new Set(),
    conversions: new Set(['A0-USD']),
    address: (url) => url,
    lastTrades: [],
    shift: 0,
  })
  const inputs: readonly FeedInput[] = [
    { kind: 'clock', time: at, random: 0 },
    { kind: 'opened', time: at, session: at },
    ...frames.map((text): FeedInput => ({ kind: 'frame', time: at, text })),
    { kind: 'clock', time: micros(at + 1_100_000), random: 0 },
  ]
  return inputs.flatMap((input) => feed(state, input)[1])
}

const entriesOf = (adapter: Adapter, frames: readonly string[], at: Micros) =>
  frames.flatMap((frame) => {
    const one = decode(adapter, frame, at)
    return one.kind === 'ticks' ? one.ticks : []
  })

const symbolsOf = (adapter: Adapter, frames: readonly string[], at: Micros): readonly string[] => [
  ...new Set(entriesOf(adapter, frames, at).map(({ nativeSymbol }) => nativeSymbol)),
]

/** A receive time at which undamaged frames are young. */
function newest(adapter: Adapter, frames: readonly string[]): Micros {
  const times = entriesOf(adapter, frames, FALLBACK).flatMap(({ timeSource, eventTime }) =>
    timeSource === 'EXCHANGE' ? [eventTime] : [],
  )
  return times.length === 0 ? FALLBACK : micros(Math.max(...times) + 100_000)
}
