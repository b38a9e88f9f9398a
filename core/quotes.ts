import type { Arrival } from './arrivals.ts'
import { CONFIRMATION_MICROS, endsQuotes } from './confirmation.ts'
import { noDelays, takeDelay, type Delays } from './lag.ts'
import type { Guard } from './opportunity.ts'
import { MEMORY } from './partition-clock.ts'
import type { Feed, Heartbeat, Quote } from './tick.ts'
import { MICROS_PER_MILLI, micros, type Micros } from './time.ts'

/** A socket's life as a partition's records tell it; changed in place. */
export type SocketLife = {
  readonly session: Micros
  isUp: boolean
  /** Time of the last heartbeat. */
  beatAt: Micros | undefined
  /** Of the last heartbeat that said UP; offsets tell what came before what. */
  upAt: Micros
  upOffset: number
  /** What was told before this offset has ended (`core/confirmation.ts`). */
  endedOffset: number
  seenAt: Micros
}

/** Something a session said that stands until it is replaced, taken back or not confirmed. */
export type Standing = {
  readonly life: SocketLife
  readonly offset: number
  readonly time: Micros
  isWithdrawn: boolean
}

/** The last quote of one exchange's symbol. */
export type StandingQuote = Standing & {
  readonly exchange: string
  readonly symbol: string
  readonly partition: number
  readonly feed: Feed
  readonly eventTime: Micros
  readonly bid: number
  readonly bidSize: number | undefined
  readonly ask: number
  readonly askSize: number | undefined
  /** Locked, crossed, no price, or found odd by the quality step. */
  readonly isDoubtful: boolean
  /** Above the exchange's usual delay of then; `undefined` where the exchange gives no time. */
  readonly lagMs: number | undefined
}

type Source = {
  readonly lives: Map<Micros, SocketLife>
  readonly quotes: Map<string, StandingQuote>
  readonly delays: Delays
}
/** By exchange. Large state, changed in place; symbols are few by nature, sessions are forgotten after 10 min of T. */
export type QuoteTable = Map<string, Source>

/** How old a quote may be since it was confirmed, and since it came; in microseconds. */
export type Ages = { readonly maxAge: number; readonly maxQuoteAge: number }

/** The guards that one quote can fail, in order; arbitrage.md section 3. */
export type QuoteFault = Extract<Guard, 'down' | 'gap' | 'crossed' | 'stale'>

/** Sockets of an exchange are a handful; more are the past's. */
const SWEEP_ABOVE = 16

function sourceOf(table: QuoteTable, exchange: string): Source {
  let source = table.get(exchange)
  if (source === undefined) {
    source = { lives: new Map(), quotes: new Map(), delays: noDelays() }
    table.set(exchange, source)
  }
  return source
}

/** The life of the session that wrote a tick. */
export function lifeOf(table: QuoteTable, { tick, now }: Arrival): SocketLife {
  const { lives } = sourceOf(table, tick.exchange)
  let life = lives.get(tick.session)
  // Forgotten by its age, swept or not: a run that began meanwhile has never heard of it.
  if (life === undefined || life.seenAt <= now - MEMORY) {
    if (lives.size >= SWEEP_ABOVE) for (const [old, { seenAt }] of lives) if (seenAt <= now - MEMORY) lives.delete(old)
    life = {
      session: tick.session,
      isUp: false,
      beatAt: undefined,
      upAt: micros(0),
      upOffset: -1,
      endedOffset: -1,
      seenAt: now,
    }
    lives.set(tick.session, life)
  }
  life.seenAt = now
  return life
}

export function takeQuote(table: QuoteTable, arrival: Arrival, quote: Quote, isFlagged: boolean): StandingQuote {
  const { tick, partition, offset, time, now } = arrival
  const { exchange, symbol, feed, eventTime } = tick
  const { bid, bidSize, ask, askSize } = quote
  const source = sourceOf(table, exchange)
  const isTimed = tick.timeSource === 'EXCHANGE'
  const lag = isTimed ? takeDelay(source.delays, now, tick.receiveTime - eventTime) : undefined
  const standing: StandingQuote = {
    life: lifeOf(table, arrival),
    offset,
    time,
    isWithdrawn: false,
    exchange,
    symbol,
    partition,
    feed,
    eventTime,
    bid,
    bidSize,
    ask,
    askSize,
    isDoubtful: isFlagged || !(bid > 0 && bid < ask) || (bidSize ?? 1) <= 0 || (askSize ?? 1) <= 0,
    lagMs: lag === undefined ? undefined : lag / MICROS_PER_MILLI,
  }
  source.quotes.set(symbol, standing)
  return standing
}

export function takeHeartbeat(table: QuoteTable, arrival: Arrival, heartbeat: Heartbeat): void {
  const life = lifeOf(table, arrival)
  const { time, offset } = arrival
  if (endsQuotes(heartbeat, time, life.beatAt)) life.endedOffset = offset
  life.beatAt = time
  life.isUp = heartbeat.state === 'UP'
  if (!life.isUp) return
  life.upAt = time
  life.upOffset = offset
}

/** Takes back the quotes of the gap's own session: of its symbol, or all. */
export function takeGap(table: QuoteTable, arrival: Arrival): void {
  const { tick } = arrival
  const life = lifeOf(table, arrival)
  const { quotes } = sourceOf(table, tick.exchange)
  if (tick.symbol === '') for (const quote of quotes.values()) withdraw(quote, life)
  else withdraw(quotes.get(tick.symbol), life)
}

/** Only what the session itself said. */
export function withdraw(standing: Standing | undefined, life: SocketLife): void {
  if (standing?.life.session === life.session) standing.isWithdrawn = true
}

/** Whether the session is silent or says DOWN, or did so since. */
export const isDown = ({ life, offset }: Standing, now: Micros): boolean =>
  !life.isUp || life.beatAt === undefined || life.beatAt <= now - CONFIRMATION_MICROS || offset < life.endedOffset

/** When the session proved last that this stands: with it, or by a later heartbeat. */
export const confirmedAt = ({ life, offset, time }: Standing): Micros =>
  life.upOffset > offset && life.upAt > time ? life.upAt : time

/** The first guard that the quote fails; `undefined`: it holds. */
export function faultOf(quote: StandingQuote, now: Micros, { maxAge, maxQuoteAge }: Ages): QuoteFault | undefined {
  if (isDown(quote, now)) return 'down'
  if (quote.isWithdrawn) return 'gap'
  if (quote.isDoubtful) return 'crossed'
  return now - confirmedAt(quote) >= maxAge || now - quote.time >= maxQuoteAge ? 'stale' : undefined
}

/** When a quote that holds will fail a guard if nothing comes, and which. */
export function expiryOf(quote: StandingQuote, { maxAge, maxQuoteAge }: Ages): Expiry {
  const down = downAt(quote)
  const stale = Math.min(confirmedAt(quote) + maxAge, quote.time + maxQuoteAge)
  return down <= stale ? { at: micros(down), guard: 'down' } : { at: micros(stale), guard: 'stale' }
}
export type Expiry = { readonly at: Micros; readonly guard: Guard }

/** When its session will be down if no heartbeat comes. */
export const downAt = ({ life: { beatAt } }: Standing): number => (beatAt ?? 0) + CONFIRMATION_MICROS
