import type { OpenTick } from '../../core/arrivals.ts'
import type { ArbitrageConfig } from '../../core/arbitrage/config.ts'
import type { Logged } from '../../core/processor.ts'
import type { RuleSet } from '../../core/rules/document.ts'
import type { GapReason, Heartbeat, Rate, Side, Tick, Trade } from '../../core/tick.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND, micros, type Micros } from '../../core/time.ts'
import { MINUTE } from './logged.ts'
import { generatedRules } from './rule-sets.ts'
import { seeded } from './seeded.ts'

/**
 * Something that befalls the market or those who record it. A log is told as a list of these, so that a failing one shrinks to
 * a few lines that can be read. `exchange` and `symbol` are places in {@link EXCHANGES} and {@link SYMBOLS}.
 */
export type Happening =
  /** Time goes on; each session beats each `beatMillis`, the rate and the control documents come when they are due. */
  | { readonly kind: 'wait'; readonly millis: number; readonly beatMillis: number }
  /** The world's price of the symbol moves. */
  | { readonly kind: 'move'; readonly symbol: number; readonly bps: number }
  /** `bps` from the world's price to this exchange's; `size` 0: the channel gives none. */
  | {
      readonly kind: 'quote'
      readonly exchange: number
      readonly symbol: number
      readonly bps: number
      readonly size: number
    }
  | {
      readonly kind: 'trade'
      readonly exchange: number
      readonly symbol: number
      readonly bps: number
      readonly size: number
    }
  /** The exchange's trade before the last `back` ones comes again by its newest session, under its old id. */
  | { readonly kind: 'echo'; readonly exchange: number; readonly back: number }
  /** A producer's doubled batch: `count` records of the log, the first `back` before the end, once more as they were. */
  | { readonly kind: 'again'; readonly back: number; readonly count: number }
  /** A trade that its producer held back for so long before it was appended. */
  | { readonly kind: 'held'; readonly exchange: number; readonly symbol: number; readonly millis: number }
  | { readonly kind: 'gap'; readonly exchange: number; readonly symbol: number; readonly reason: GapReason }
  /** The socket is lost (with DISCONNECT and DOWN, or as by kill -9 without a word) and another begins. */
  | { readonly kind: 'reconnect'; readonly exchange: number; readonly isSaid: boolean }
  /** A second producer of the exchange begins, or the first of two ends. */
  | { readonly kind: 'second'; readonly exchange: number }
  /** So many of the exchange's last trades, from its history, under their old ids and feed BACKFILL. */
  | { readonly kind: 'backfill'; readonly exchange: number; readonly count: number }
  /** The exchange's clock is so far off from now on; the host's clock for `isHost` (ahead of the broker's, where positive). */
  | { readonly kind: 'skew'; readonly exchange: number; readonly millis: number; readonly isHost: boolean }
  | { readonly kind: 'rate'; readonly bps: number }
  /** Another set of costs and thresholds, or of rules, is in force from here on. */
  | { readonly kind: 'configure' }

export type Story = { readonly seed: number; readonly happenings: readonly Happening[] }

export const EXCHANGES = ['binance', 'kraken', 'okx', 'gate'] as const
/** What one partition may hold: two markets of one base, one of another. */
export const SYMBOLS = ['BTC-USDT', 'BTC-USD', 'ADA-USDT'] as const
const PRICES: readonly number[] = [91_000, 91_020, 0.42]
const PLACES: readonly number[] = [100, 100, 100_000]

/** Offsets have holes, as after a compaction, with room for repeats between two records. */
export const OFFSET_STEP = 4
const RATE_EVERY = 10 * MICROS_PER_SECOND
const CONTROL_EVERY = 10 * MICROS_PER_MINUTE

type Session = { readonly exchange: number; readonly session: Micros; ordinal: number; lastSequence: number }
type Known = { readonly symbol: number; readonly eventTime: Micros; readonly trade: Trade; readonly sequence: number }

/** Fees low enough that the generated prices leave opportunities; thresholds change with each epoch. */
const lowCosts = (epoch: number): Partial<ArbitrageConfig> => ({
  exchanges: Object.fromEntries(
    EXCHANGES.map((name) => [name, { takerFeeBps: 1, feeIn: 'quote', restricted: false, symbols: {} }]),
  ),
  openBps: 5 + (epoch % 3),
})

export type LogSettings = {
  readonly partition?: number
  /** The control document 'arbitrage' at its n-th epoch, from 1. */
  readonly document?: (epoch: number) => unknown
  /** The document 'rules', likewise. */
  readonly rules?: (epoch: number) => RuleSet
}

/** One partition's log of ticks as its producers would have written it, stamped by the broker. Equal stories give equal logs. */
export function logOf({ seed, happenings }: Story, settings: LogSettings = {}): readonly Logged<OpenTick>[] {
  const { partition = 0, document = lowCosts, rules = generatedRules } = settings
  const random = seeded(seed)
  const log: Logged<OpenTick>[] = []
  const prices = [...PRICES]
  const places = EXCHANGES.map((_, exchange) => ({
    sessions: [session(exchange, MINUTE)],
    trades: new Array<Known>(),
    skewMicros: 0,
    aheadMicros: 0,
  }))
  const control: Session = { exchange: -1, session: micros(MINUTE - 1), ordinal: 0, lastSequence: 0 }
  let now = micros(MINUTE + 1)
  let stamp = 0
  let rated = 0
  let rateBps = 0
  let controlled = 0
  let epoch = 1
  let rulesEpoch = 1

  const pass = (elapsed: number): void => void (now = micros(now + Math.max(1, Math.round(elapsed))))
  const at = (exchange: number) => places[exchange % places.length] ?? places[0]

  function append(value: OpenTick): void {
    // The broker's stamp is taken some milliseconds after the receipt and never runs back.
    stamp = Math.max(stamp, Math.floor((now + random(20 * MICROS_PER_MILLI)) / MICROS_PER_MILLI))
    log.push({ partition, offset: log.length * OFFSET_STEP, timestampMs: stamp, value })
  }

  function write(by: Session, symbol: string, payload: OpenTick['payload'], change: Partial<OpenTick> = {}): void {
    const place = at(by.exchange)
    const isControl = payload.kind === 'control'
    const receiveTime = micros(now + (isControl ? 0 : (place?.aheadMicros ?? 0)))
    append({
      exchange: isControl ? '' : (EXCHANGES[by.exchange] ?? ''),
      symbol,
      feed: 'SIMULATED',
      eventTime: receiveTime,
      timeSource: 'RECEIVED',
      receiveTime,
      session: by.session,
      ordinal: by.ordinal,
      sequence: 0,
      origin: undefined,
      payload,
      ...change,
    })
    // What it wrote to other partitions meanwhile leaves holes.
    by.ordinal += 1 + random(3)
  }

  const sinceExchange = (exchange: number): Pick<Tick, 'eventTime' | 'timeSource'> => {
    const transit = 5 * MICROS_PER_MILLI + random(40 * MICROS_PER_MILLI)
    return { eventTime: micros(now - transit + (at(exchange)?.skewMicros ?? 0)), timeSource: 'EXCHANGE' }
  }
  const priceOf = (symbol: number, bps: number): number => {
    const scale = PLACES[symbol] ?? 1
    return Math.max(1, Math.round((prices[symbol] ?? 1) * (1 + bps / 10_000) * scale)) / scale
  }
  const newest = (exchange: number): Session | undefined => at(exchange)?.sessions.at(-1)
  const beat = (by: Session, state: Heartbeat['state'] = 'UP'): void =>
    write(by, '', { kind: 'heartbeat', state, lastSequence: by.lastSequence })
  const lose = (by: Session, symbol: string, reason: GapReason, length = MICROS_PER_SECOND): void =>
    write(by, symbol, { kind: 'gap', from: micros(now - length), to: now, reason, backfilled: false })
  const rate = (): Rate => {
    const middle = 1 + rateBps / 10_000
    return { kind: 'rate', bid: Math.round(middle * 9999) / 10_000, ask: Math.round(middle * 10_001) / 10_000 }
  }
  function tellRate(): void {
    const by = newest(1)
    rated = now
    if (by !== undefined) write(by, 'USDT-USD', rate(), sinceExchange(1))
  }
  function tellControl(): void {
    controlled = now
    const put = (documentId: string, of: number, content: unknown): void =>
      write(control, '', { kind: 'control', documentId, epoch: of, hash: `hash ${of}`, document: content })
    put('arbitrage', epoch, document(epoch))
    put('rules', rulesEpoch, rules(rulesEpoch))
  }
  function begin(exchange: number): void {
    const place = at(exchange)
    const by = session(exchange, micros(Math.max(now, (place?.sessions.at(-1)?.session ?? 0) + 1)))
    place?.sessions.push(by)
    lose(by, '', 'START')
    beat(by)
  }
  function trade(exchange: number, symbol: number, bps: number, size: number, heldMicros = 0): void {
    const place = at(exchange)
    const by = newest(exchange)
    if (place === undefined || by === undefined) return
    by.lastSequence = place.trades.length + 1
    const side: Side = random(2) === 0 ? 'BUY' : 'SELL'
    const price = priceOf(symbol, bps)
    const one: Trade = { kind: 'trade', id: `${exchange}.${by.lastSequence}`, side, price, size: size / 1000 }
    const { eventTime } = sinceExchange(exchange)
    const known = { symbol, eventTime: micros(eventTime - heldMicros), trade: one, sequence: by.lastSequence }
    place.trades.push(known)
    sell(by, known, { receiveTime: micros(now - heldMicros) })
    // Who is there twice hears it twice.
    const [other] = place.sessions
    if (other !== undefined && other !== by) sell(other, known)
  }
  function sell(by: Session, { symbol, eventTime, trade: one, sequence }: Known, change: Partial<OpenTick> = {}): void {
    write(by, SYMBOLS[symbol] ?? '', one, { eventTime, timeSource: 'EXCHANGE', sequence, ...change })
  }

  function tell(one: Happening): void {
    pass(1 + random(20 * MICROS_PER_MILLI))
    switch (one.kind) {
      case 'wait': {
        for (let left = one.millis; left > 0; left -= one.beatMillis) {
          pass(Math.min(left, one.beatMillis) * MICROS_PER_MILLI - random(MICROS_PER_MILLI))
          for (const { sessions } of places) for (const by of sessions) beat(by)
          if (now >= rated + RATE_EVERY) tellRate()
          if (now >= controlled + CONTROL_EVERY) tellControl()
        }
        return
      }
      case 'move':
        prices[one.symbol] = (prices[one.symbol] ?? 1) * (1 + one.bps / 10_000)
        return
      case 'quote': {
        const by = newest(one.exchange)
        const bid = priceOf(one.symbol, one.bps)
        const ask = priceOf(one.symbol, one.bps + 1 + random(4))
        const size = one.size === 0 ? undefined : one.size / 1000
        if (by === undefined || bid >= ask) return
        const payload = { kind: 'quote', bid, bidSize: size, ask, askSize: size, source: 'STREAM' } as const
        return write(by, SYMBOLS[one.symbol] ?? '', payload, sinceExchange(one.exchange))
      }
      case 'trade':
        return trade(one.exchange, one.symbol, one.bps, one.size)
      case 'held':
        return trade(one.exchange, one.symbol, 0, 1, one.millis * MICROS_PER_MILLI)
      case 'echo': {
        const by = newest(one.exchange)
        const known = at(one.exchange)?.trades.at(-1 - one.back)
        if (by !== undefined && known !== undefined) sell(by, known)
        return
      }
      case 'again':
        for (const { value } of log.slice(-1 - one.back).slice(0, one.count)) append(value)
        return
      case 'gap': {
        const by = newest(one.exchange)
        if (by !== undefined) lose(by, one.reason === 'STALL' ? '' : (SYMBOLS[one.symbol] ?? ''), one.reason)
        return
      }
      case 'reconnect': {
        const old = at(one.exchange)?.sessions.pop()
        if (old !== undefined && one.isSaid) {
          lose(old, '', 'DISCONNECT')
          beat(old, 'DOWN')
        }
        pass(random(MICROS_PER_SECOND))
        return begin(one.exchange)
      }
      case 'second': {
        const sessions = at(one.exchange)?.sessions ?? []
        if (sessions.length < 2) return begin(one.exchange)
        const old = sessions.shift()
        if (old !== undefined) beat(old, 'DOWN')
        return
      }
      case 'backfill': {
        const by = newest(one.exchange)
        const old = at(one.exchange)?.trades.slice(-one.count) ?? []
        if (by !== undefined) for (const known of old) sell(by, known, { feed: 'BACKFILL' })
        return
      }
      case 'skew': {
        const place = at(one.exchange)
        if (place === undefined) return
        if (one.isHost) place.aheadMicros = one.millis * MICROS_PER_MILLI
        else place.skewMicros = one.millis * MICROS_PER_MILLI
        return
      }
      case 'rate':
        rateBps = one.bps
        return tellRate()
      case 'configure':
        if (random(2) === 0) epoch += 1
        else rulesEpoch += 1
        return tellControl()
    }
  }

  tellControl()
  for (const { sessions } of places) {
    for (const by of sessions) {
      lose(by, '', 'START')
      beat(by)
    }
  }
  tellRate()
  for (const one of happenings) tell(one)
  return log
}

const session = (exchange: number, start: Micros): Session => ({
  exchange,
  session: micros(start + exchange),
  ordinal: 0,
  lastSequence: 0,
})
