import type { Payload, Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import type { Instrument } from '../../producers/adapter.ts'
import { binance } from '../../producers/binance.ts'
import {
  initialFeed,
  type FeedOutput,
  type FeedSettings,
  type FeedState,
  type Letter,
} from '../../producers/feed-state.ts'
import { feed, type FeedInput } from '../../producers/feed.ts'
import { MOMENT } from '../support/ticks.ts'

export const BTC: Instrument = { symbol: 'BTC-USDT', nativeSymbol: 'BTCUSDT' }
export const ETH: Instrument = { symbol: 'ETH-USDT', nativeSymbol: 'ETHUSDT' }

/** A feed whose clock the test moves by hand. Seconds count from {@link MOMENT}. */
export function harness(change: Partial<FeedSettings> = {}) {
  const settings: FeedSettings = {
    adapter: binance,
    feed: 'LIVE',
    instruments: [BTC, ETH],
    partitions: 3,
    inverses: new Set(),
    conversions: new Set(),
    address: (url) => url,
    lastTrades: [],
    shift: 0,
    ...change,
  }
  const state: FeedState = initialFeed(settings)
  const outputs: FeedOutput[] = []
  let time = MOMENT
  let sessions = 0
  const give = (input: FeedInput): readonly FeedOutput[] => {
    const [, out] = feed(state, input)
    outputs.push(...out)
    return out
  }
  const self = {
    state,
    outputs,
    now: (): Micros => time,
    /** Moves the clock in steps of 100 ms, as a shell does, and gathers what comes out. */
    wait: (seconds: number, random = 0.5): readonly FeedOutput[] => {
      const end = time + seconds * 1e6
      const out: FeedOutput[] = []
      while (time < end) {
        time = micros(Math.min(end, time + 100_000))
        out.push(...give({ kind: 'clock', time, random }))
      }
      return out
    },
    /** Moves the clock without a turn of it. */
    pass: (seconds: number): void => {
      time = micros(Math.round(time + seconds * 1e6))
    },
    open: (): readonly FeedOutput[] => {
      give({ kind: 'clock', time, random: 0 })
      sessions++
      return give({ kind: 'opened', time, session: micros(time + sessions) })
    },
    frame: (frame: unknown): readonly FeedOutput[] =>
      give({ kind: 'frame', time, text: typeof frame === 'string' ? frame : JSON.stringify(frame) }),
    /** The socket that is to follow the present one. */
    next: {
      open: (): readonly FeedOutput[] => {
        sessions++
        return give({ kind: 'opened', time, session: micros(time + sessions), socket: state.next?.socket ?? 0 })
      },
      frame: (frame: unknown): readonly FeedOutput[] =>
        give({
          kind: 'frame',
          time,
          text: typeof frame === 'string' ? frame : JSON.stringify(frame),
          socket: state.next?.socket ?? 0,
        }),
      close: (closing: Partial<Extract<FeedInput, { kind: 'closed' }>> = {}): readonly FeedOutput[] =>
        give({
          kind: 'closed',
          time,
          reason: 'closed',
          detail: 'test',
          random: 0.5,
          socket: state.next?.socket ?? 0,
          ...closing,
        }),
    },
    close: (reason: Extract<FeedInput, { kind: 'closed' }>['reason'] = 'closed', random = 0.5): readonly FeedOutput[] =>
      give({ kind: 'closed', time, reason, detail: 'test', random }),
    give,
    /** Tells the engine that the writer took none of these outputs. */
    refuse: (out: readonly FeedOutput[]): readonly FeedOutput[] =>
      give({
        kind: 'refused',
        time,
        records: ticksOf(out).flatMap(({ partitions, tick }) => partitions.map((partition) => ({ partition, tick }))),
      }),
  }
  return self
}

export const ticksOf = (out: readonly FeedOutput[]) => out.filter((one) => one.kind === 'tick')
export const lettersOf = (out: readonly FeedOutput[]): readonly Letter[] =>
  out.flatMap((one) => (one.kind === 'letter' ? [one.letter] : []))
export const eventsOf = (out: readonly FeedOutput[]) => out.filter((one) => one.kind === 'event')
export const sentOf = (out: readonly FeedOutput[]): readonly string[] =>
  out.flatMap((one) => (one.kind === 'send' ? [one.frame] : []))

type OfKind<K extends Payload['kind']> = Tick & { readonly payload: Extract<Payload, { kind: K }> }

/** The ticks of one payload kind, in order. */
export function only<K extends Payload['kind']>(out: readonly FeedOutput[], kind: K): readonly OfKind<K>[] {
  const isOfKind = (tick: Tick): tick is OfKind<K> => tick.payload.kind === kind
  return ticksOf(out)
    .map(({ tick }) => tick)
    .filter(isOfKind)
}

/** Gaps of a reason as `[symbol, from, to]`, seconds from {@link MOMENT}. */
export const gapsOf = (out: readonly FeedOutput[], reason: string): readonly (readonly [string, number, number])[] =>
  only(out, 'gap')
    .filter(({ payload }) => payload.reason === reason)
    .map(({ symbol, payload }) => [symbol, seconds(payload.from), seconds(payload.to)] as const)

export const seconds = (time: number): number => (time - MOMENT) / 1e6

/** Binance frames; times in seconds from {@link MOMENT}. */
export const aggTrade = (a: number, at = 0, s = 'BTCUSDT') => ({
  stream: `${s.toLowerCase()}@aggTrade`,
  data: {
    e: 'aggTrade',
    E: MOMENT,
    s,
    a,
    p: '91234.50000000',
    q: '0.01300000',
    f: a,
    l: a,
    T: MOMENT + at * 1e6,
    m: true,
    M: true,
  },
})
export const bookTicker = (u: number, b = '91234.49000000', a = '91234.50000000', s = 'BTCUSDT') => ({
  stream: `${s.toLowerCase()}@bookTicker`,
  data: { u, s, b, B: '3.21000000', a, A: '1.04210000' },
})
