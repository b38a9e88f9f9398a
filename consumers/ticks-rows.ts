import { assertNever } from '../core/assert.ts'
import { sessionKey } from '../core/sieve.ts'
import { parseSymbol } from '../core/symbol.ts'
import type { Gap, Heartbeat, Quote, Tick, Trade } from '../core/tick.ts'
import type { Entry } from './sink.ts'

/** What becomes of the latest quote of a key: nothing, this quote stands, or this quote came but was withdrawn. */
export type Latest = 'no' | 'stands' | 'withdrawn'

export type TradeRow = { readonly tick: Tick; readonly trade: Trade; readonly offset: number }
export type QuoteRow = { readonly tick: Tick; readonly quote: Quote; readonly offset: number; latest: Latest }
export type GapRow = { readonly tick: Tick; readonly gap: Gap; readonly offset: number }
/** A session's newest heartbeat; `newest` marks the newest of its exchange. */
export type HeartbeatRow = { readonly tick: Tick; readonly heartbeat: Heartbeat; newest: boolean; readonly first: Tick }
export type SeenRow = Pick<Tick, 'exchange' | 'session' | 'ordinal'>
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
  /** Gaps that something may be missing in; WITHDRAWN only takes back a quote. */
  readonly gaps: readonly GapRow[]
  /** Gaps of all kinds: each withdraws the quotes of its session that the database holds. */
  readonly withdrawals: readonly GapRow[]
  readonly heartbeats: readonly HeartbeatRow[]
  readonly symbols: readonly SymbolRow[]
}

/** Names a symbol of an exchange. */
export const symbolKey = ({ exchange, symbol }: Pick<Tick, 'exchange' | 'symbol'>): string => `${exchange}/${symbol}`

/** The slot whose heartbeats count: they stand in every partition, and six slots must not fight for one row. */
const HEARTBEATS_PARTITION = 0

/**
 * Folds a slot's ticks in log order into rows. `known` names the symbols (`exchange/symbol`) that the database has.
 *
 * Owns the rows it makes and changes them in place while it folds.
 */
export function tickRows(partition: number, entries: readonly Entry<Tick>[], known: ReadonlySet<string>): TickRows {
  const seen = new Map<string, SeenRow>()
  const symbols = new Map<string, SymbolRow>()
  const latest = new Map<string, QuoteRow>()
  const heartbeats = new Map<string, HeartbeatRow>()
  const newest = new Map<string, HeartbeatRow>()
  const trades: TradeRow[] = []
  const quotes: QuoteRow[] = []
  const gaps: GapRow[] = []
  const withdrawals: GapRow[] = []

  const noteSymbol = (tick: Tick, key: string): void => {
    if (known.has(key) || symbols.has(key)) return
    const parts = parseSymbol(tick.symbol)
    if (parts !== undefined) symbols.set(key, { exchange: tick.exchange, symbol: tick.symbol, ...parts })
  }

  for (const { value: tick, offset } of entries) {
    // The entries passed the sieve: within a session ordinals ascend.
    seen.set(sessionKey(tick), tick)
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
        const row: GapRow = { tick, gap: payload, offset }
        if (payload.reason !== 'WITHDRAWN') gaps.push(row)
        withdrawals.push(row)
        for (const one of latest.values()) if (isWithdrawnBy(one.tick, tick)) one.latest = 'withdrawn'
        break
      }
      case 'heartbeat': {
        if (partition !== HEARTBEATS_PARTITION) break
        const key = sessionKey(tick)
        const row: HeartbeatRow = { tick, heartbeat: payload, newest: true, first: heartbeats.get(key)?.first ?? tick }
        const before = newest.get(tick.exchange)
        if (before !== undefined) before.newest = false
        newest.set(tick.exchange, row)
        heartbeats.set(key, row)
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
    seen: [...seen.values()],
    trades,
    quotes,
    gaps,
    withdrawals,
    heartbeats: [...heartbeats.values()],
    symbols: [...symbols.values()],
  }
}

/** A Gap withdraws its own session's quotes only, of its symbol or of all. */
const isWithdrawnBy = (quoted: Tick, gap: Tick): boolean =>
  quoted.exchange === gap.exchange &&
  quoted.session === gap.session &&
  (gap.symbol === '' || quoted.symbol === gap.symbol)
