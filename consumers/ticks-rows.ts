import { assertNever } from '../core/assert.ts'
import { endsQuotes } from '../core/confirmation.ts'
import { sessionKey } from '../core/sieve.ts'
import { parseSymbol } from '../core/symbol.ts'
import type { Gap, Heartbeat, Quote, Tick, Trade } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Entry } from './sink.ts'

/** What becomes of the latest quote of a key: nothing, this quote stands, or this quote came but was withdrawn. */
export type Latest = 'no' | 'stands' | 'withdrawn'

export type TradeRow = { readonly tick: Tick; readonly trade: Trade; readonly offset: number }
export type QuoteRow = { readonly tick: Tick; readonly quote: Quote; readonly offset: number; latest: Latest }
export type GapRow = { readonly tick: Tick; readonly gap: Gap; readonly offset: number; closed: boolean }
/** A session's newest heartbeat; `newest` marks the newest of its exchange. */
export type HeartbeatRow = { readonly tick: Tick; readonly heartbeat: Heartbeat; newest: boolean; readonly first: Tick }
/** `beat`: receive time of the session's last heartbeat, in this batch or before. */
export type SeenRow = Pick<Tick, 'exchange' | 'session' | 'ordinal'> & { readonly beat: Micros | undefined }
/** What takes back its session's quotes: a Gap those of its symbol or all, a heartbeat all. */
export type WithdrawalRow = { readonly tick: Tick; readonly offset: number }
export type SymbolRow = {
  readonly exchange: string
  readonly symbol: string
  readonly base: string
  readonly quote: string
  readonly perpetual: boolean
}

/** The rows of one statement: folded per key, because no row may be touched twice by one ON CONFLICT DO UPDATE. */
export type TickRows = {
  readonly seen: readonly SeenRow[]
  readonly trades: readonly TradeRow[]
  readonly quotes: readonly QuoteRow[]
  /** Gaps that something may be missing in; WITHDRAWN only takes back a quote. `closed`: backfilled within these ticks. */
  readonly gaps: readonly GapRow[]
  /** Gaps said once more, now backfilled: each closes the row of the same gap, and is none itself. */
  readonly closings: readonly GapRow[]
  /** Gaps of all kinds and heartbeats that end quotes: each withdraws those of its session that the database holds. */
  readonly withdrawals: readonly WithdrawalRow[]
  readonly heartbeats: readonly HeartbeatRow[]
  readonly symbols: readonly SymbolRow[]
}

/** Names a symbol of an exchange. */
export const symbolKey = ({ exchange, symbol }: Pick<Tick, 'exchange' | 'symbol'>): string => `${exchange}/${symbol}`

/** The slot whose heartbeats become rows: they stand in every partition, and six slots must not fight for one row. */
const HEARTBEATS_PARTITION = 0

/**
 * Folds a slot's ticks in log order into rows. `known` names the symbols (`exchange/symbol`) that the database has, `beats`
 * the time of each session's last heartbeat before these ticks: broadcasts stand in every partition, so each slot finds
 * for itself which heartbeats end its quotes.
 *
 * Owns the rows it makes and changes them in place while it folds.
 */
export function tickRows(
  partition: number,
  entries: readonly Entry<Tick>[],
  known: ReadonlySet<string>,
  beats: ReadonlyMap<string, Micros>,
): TickRows {
  const seen = new Map<string, Tick>()
  const newBeats = new Map<string, Micros>()
  const symbols = new Map<string, SymbolRow>()
  const latest = new Map<string, QuoteRow>()
  const heartbeats = new Map<string, HeartbeatRow>()
  const newest = new Map<string, HeartbeatRow>()
  const trades: TradeRow[] = []
  const quotes: QuoteRow[] = []
  const gaps: GapRow[] = []
  const closings: GapRow[] = []
  const withdrawals: WithdrawalRow[] = []

  const noteSymbol = (tick: Tick, key: string): void => {
    if (known.has(key) || symbols.has(key)) return
    const parts = parseSymbol(tick.symbol)
    if (parts !== undefined) symbols.set(key, { exchange: tick.exchange, symbol: tick.symbol, ...parts })
  }

  const withdraw = (row: WithdrawalRow): void => {
    withdrawals.push(row)
    for (const one of latest.values()) if (isWithdrawnBy(one.tick, row.tick)) one.latest = 'withdrawn'
  }

  for (const { value: tick, offset } of entries) {
    const session = sessionKey(tick)
    // The entries passed the sieve: within a session ordinals ascend.
    seen.set(session, tick)
    const { payload } = tick
    switch (payload.kind) {
      case 'trade':
        noteSymbol(tick, symbolKey(tick))
        trades.push({ tick, trade: payload, offset })
        break
      case 'quote': {
        const key = symbolKey(tick)
        noteSymbol(tick, key)
        const row: QuoteRow = { tick, quote: payload, offset, latest: 'stands' }
        const before = latest.get(key)
        if (before !== undefined) before.latest = 'no'
        latest.set(key, row)
        quotes.push(row)
        break
      }
      case 'gap': {
        const row = { tick, gap: payload, offset, closed: payload.backfilled }
        if (payload.backfilled) {
          closings.push(row)
          for (const one of gaps) if (isSameGap(one, row)) one.closed = true
        } else if (payload.reason !== 'WITHDRAWN') gaps.push(row)
        withdraw({ tick, offset })
        break
      }
      case 'heartbeat': {
        if (endsQuotes(payload, tick.receiveTime, newBeats.get(session) ?? beats.get(session)))
          withdraw({ tick, offset })
        newBeats.set(session, tick.receiveTime)
        if (partition !== HEARTBEATS_PARTITION) break
        const first = heartbeats.get(session)?.first ?? tick
        const row: HeartbeatRow = { tick, heartbeat: payload, newest: true, first }
        const before = newest.get(tick.exchange)
        if (before !== undefined) before.newest = false
        newest.set(tick.exchange, row)
        heartbeats.set(session, row)
        break
      }
      case 'control':
      case 'rate':
        // Control governs processors; a rate stands once as an ordinary quote.
        break
      default:
        assertNever(payload)
    }
  }
  return {
    seen: [...seen].map(([key, { exchange, session, ordinal }]) => {
      return { exchange, session, ordinal, beat: newBeats.get(key) ?? beats.get(key) }
    }),
    trades,
    quotes,
    gaps,
    closings,
    withdrawals,
    heartbeats: [...heartbeats.values()],
    symbols: [...symbols.values()],
  }
}

const isSameGap = (one: GapRow, other: GapRow): boolean =>
  symbolKey(one.tick) === symbolKey(other.tick) &&
  one.gap.reason === other.gap.reason &&
  one.gap.from === other.gap.from &&
  one.gap.to === other.gap.to

/** Its own session's quotes only, of its symbol or of all. */
const isWithdrawnBy = (quoted: Tick, by: Tick): boolean =>
  quoted.exchange === by.exchange && quoted.session === by.session && (by.symbol === '' || quoted.symbol === by.symbol)
