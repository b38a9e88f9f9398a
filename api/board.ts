import { assertNever } from '../core/assert.ts'
import { CONFIRMATION_MICROS, endsQuotes } from '../core/confirmation.ts'
import { isTimeless } from '../core/partition-clock.ts'
import type { Gap, Quote, Tick, Trade } from '../core/tick.ts'
import { MICROS_PER_MINUTE, type Micros } from '../core/time.ts'
import type { Price } from './price.ts'

const LATE_MICROS = 10 * MICROS_PER_MINUTE

/** A fresh record of the ticks topic. `time` is min(receiveTime, broker's stamp), `arrival` this host's clock. */
export type Arrival = {
  readonly partition: number
  readonly tick: Tick
  readonly time: Micros
  readonly arrival: Micros
}

/** A price as PostgreSQL remembers it; it counts as down until its session's next heartbeat. */
export type Remembered = Omit<Price, 'state' | 'ticks' | 'sequence'> & {
  readonly session: Micros
  readonly partition: number
  /** Whether no gap of its session came after the quote. */
  readonly isValid: boolean
}

/** A session that had a heartbeat within the last seconds. */
export type LiveSession = { readonly exchange: string; readonly session: Micros }

/**
 * The latest price of every (exchange, symbol), by the rule that only a quote's own session confirms it.
 *
 * Owns its state and changes it in place. Every change of a row takes the next `sequence`, so "what changed since N" is a
 * comparison of numbers, whoever asks and however late.
 */
export type Board = {
  /** Number of the last change. */
  sequence(): number
  prices(): Iterable<Price>
  find(exchange: string, symbol: string): Price | undefined
  restore(prices: readonly Remembered[]): void
  /** Records of one partition must come in the order of the log, repeats taken out. */
  take(arrival: Arrival): void
  /** Call it a few times a second: finds sessions that fell silent. */
  expire(now: Micros): void
  liveSessions(): readonly LiveSession[]
}

export function createBoard(): Board {
  const rows = new Map<string, Row>()
  const sessions = new Map<string, Session>()
  const clocks = new Map<number, Micros>()
  let sequence = 0

  const change = (row: Row): void => {
    row.state = stateOf(row)
    row.sequence = ++sequence
  }
  const reconsider = (session: Session): void => {
    for (const row of session.rows) if (row.state !== stateOf(row)) change(row)
  }
  const invalidate = (session: Session): void => {
    for (const row of session.rows) row.isValid = false
    reconsider(session)
  }

  function sessionOf(partition: number, exchange: string, started: Micros): Session {
    const key = `${partition}/${exchange}/${started}`
    const known = sessions.get(key)
    if (known !== undefined) return known
    const session: Session = {
      exchange,
      session: started,
      partition,
      beat: undefined,
      arrival: undefined,
      isUp: false,
      rows: new Set(),
    }
    sessions.set(key, session)
    return session
  }

  function rowOf(
    tick: Pick<Tick, 'exchange' | 'symbol' | 'feed' | 'eventTime' | 'receiveTime'>,
    session: Session,
  ): Row {
    const key = rowKey(tick)
    const known = rows.get(key)
    if (known !== undefined) return known
    const { exchange, symbol, feed, eventTime, receiveTime } = tick
    const row: Row = { ...EMPTY, exchange, symbol, feed, eventTime, receiveTime, session }
    session.rows.add(row)
    rows.set(key, row)
    return row
  }

  function take({ partition, tick, time, arrival }: Arrival): void {
    if (isTimeless(tick)) return
    const clock = clocks.get(partition)
    if (clock !== undefined && time <= clock - LATE_MICROS) return
    if (clock === undefined || time > clock) clocks.set(partition, time)
    // Backfilled trades are history: they say nothing about now.
    if (tick.feed === 'BACKFILL') return
    const { payload } = tick
    switch (payload.kind) {
      case 'quote':
        return takeQuote(tick, payload, sessionOf(partition, tick.exchange, tick.session))
      case 'trade':
        return takeTrade(tick, payload, sessionOf(partition, tick.exchange, tick.session))
      case 'heartbeat': {
        const session = sessionOf(partition, tick.exchange, tick.session)
        if (endsQuotes(payload, time, session.beat)) invalidate(session)
        session.beat = time
        session.arrival = arrival
        session.isUp = payload.state === 'UP'
        return reconsider(session)
      }
      case 'gap':
        return takeGap(tick, payload, sessionOf(partition, tick.exchange, tick.session))
      case 'control':
      case 'rate':
        return undefined
      default:
        return assertNever(payload)
    }
  }

  function takeQuote(tick: Tick, { bid, bidSize, ask, askSize }: Quote, session: Session): void {
    const row = rowOf(tick, session)
    attach(row, session)
    row.bid = bid
    row.bidSize = bidSize
    row.ask = ask
    row.askSize = askSize
    row.isValid = true
    row.isWithdrawn = false
    touch(row, tick)
  }

  function takeTrade(tick: Tick, { price }: Trade, session: Session): void {
    const row = rowOf(tick, session)
    // Without a quote there is nothing to confirm but the trade itself.
    if (row.bid === undefined) {
      attach(row, session)
      row.isValid = true
    }
    row.last = price
    touch(row, tick)
  }

  function touch(row: Row, tick: Tick): void {
    row.feed = tick.feed
    row.eventTime = tick.eventTime
    row.receiveTime = tick.receiveTime
    row.ticks++
    change(row)
  }

  function takeGap(tick: Tick, { reason }: Gap, session: Session): void {
    if (tick.symbol === '') return invalidate(session)
    const row = rows.get(rowKey(tick))
    if (row === undefined || row.session !== session) return
    if (reason === 'WITHDRAWN') row.isWithdrawn = true
    else row.isValid = false
    change(row)
  }

  return {
    sequence: () => sequence,
    prices: () => rows.values(),
    find: (exchange, symbol) => rows.get(rowKey({ exchange, symbol })),
    restore(prices) {
      for (const { session: started, partition, ...price } of prices) {
        const session = sessionOf(partition, price.exchange, started)
        const row = rowOf(price, session)
        attach(row, session)
        Object.assign(row, price)
        change(row)
      }
    },
    take,
    expire(now) {
      for (const [key, session] of sessions) {
        const clock = clocks.get(session.partition)
        const isSilent =
          session.arrival === undefined ||
          now - session.arrival > CONFIRMATION_MICROS ||
          (clock !== undefined && session.beat !== undefined && clock - session.beat > CONFIRMATION_MICROS)
        if (!isSilent) continue
        session.isUp = false
        reconsider(session)
        if (session.rows.size === 0 && now - session.session > LATE_MICROS) sessions.delete(key)
      }
    },
    liveSessions() {
      const live = new Map<string, LiveSession>()
      for (const { exchange, session, isUp } of sessions.values())
        if (isUp) live.set(`${exchange}/${session}`, { exchange, session })
      return [...live.values()]
    },
  }
}

const rowKey = ({ exchange, symbol }: Pick<Price, 'exchange' | 'symbol'>): string => `${exchange}/${symbol}`

function attach(row: Row, session: Session): void {
  if (row.session === session) return
  row.session.rows.delete(row)
  session.rows.add(row)
  row.session = session
}

function stateOf({ session, isValid, isWithdrawn }: Row): Price['state'] {
  if (!session.isUp) return 'down'
  if (isWithdrawn) return 'withdrawn'
  return isValid ? 'up' : 'down'
}

const EMPTY = {
  bid: undefined,
  bidSize: undefined,
  ask: undefined,
  askSize: undefined,
  last: undefined,
  state: 'down',
  ticks: 0,
  sequence: 0,
  isValid: false,
  isWithdrawn: false,
} as const

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** `isValid`: no gap of its session since its latest quote. */
type Row = Mutable<Price> & { session: Session; isValid: boolean; isWithdrawn: boolean }
/** One partition's copy of a session. `beat`: time of its last heartbeat's record, `arrival`: when that came here. */
type Session = Mutable<LiveSession> & {
  partition: number
  beat: Micros | undefined
  arrival: Micros | undefined
  isUp: boolean
  readonly rows: Set<Row>
}
