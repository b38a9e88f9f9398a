import { decode } from './adapter.ts'
import { plainAddress } from './adapters.ts'
import { playable, type Recording } from './recording.ts'

type SymbolCounts = { readonly nativeSymbol: string; trades: number; quotes: number }

/** What the frames of one recorded session decode to: entries before duplicates and quotes not worth emitting are left out. */
export type SessionInspection = {
  readonly exchange: string
  readonly frames: number
  readonly trades: number
  readonly quotes: number
  readonly ignored: Readonly<Record<string, number>>
  readonly faults: number
  /** By symbol; by the exchange's own where its list is not on record. */
  readonly symbols: Readonly<Record<string, SymbolCounts>>
}

/** `withoutAdapter`: sessions whose dialect no adapter speaks, with their addresses. */
export type Inspection = {
  readonly sessions: Readonly<Record<string, SessionInspection>>
  readonly withoutAdapter: Readonly<Record<string, readonly string[]>>
}

/** Decodes recorded sessions without playing them. */
export function inspect(recordings: readonly Recording[]): Inspection {
  const sessions: Record<string, SessionInspection> = {}
  const withoutAdapter: Record<string, readonly string[]> = {}
  for (const recording of recordings) {
    const found = inspectSession(recording)
    if (found !== undefined) sessions[recording.name] = found
    // Queries are long, and some hold a token.
    else withoutAdapter[recording.name] = [...new Set(recording.connections.map((one) => plainAddress(one.address)))]
  }
  return { sessions, withoutAdapter }
}

function inspectSession(recording: Recording): SessionInspection | undefined {
  const connections = playable(recording)
  const [first] = connections
  if (first === undefined) return undefined
  const symbols = new Map<string, SymbolCounts>()
  const ignored = new Map<string, number>()
  let faults = 0
  for (const { connection, adapter, instruments } of connections) {
    const canonical = new Map(instruments.map(({ symbol, nativeSymbol }) => [nativeSymbol, symbol]))
    const countsOf = (nativeSymbol: string): SymbolCounts => {
      const symbol = canonical.get(nativeSymbol) ?? nativeSymbol
      const counts = symbols.get(symbol) ?? { nativeSymbol, trades: 0, quotes: 0 }
      symbols.set(symbol, counts)
      return counts
    }
    for (const { time, text } of connection.frames) {
      const decoded = decode(adapter, text, time)
      if (decoded.kind === 'fault') faults++
      if (decoded.kind === 'ignored') ignored.set(decoded.channel, (ignored.get(decoded.channel) ?? 0) + 1)
      if (decoded.kind !== 'ticks') continue
      faults += decoded.faults.length
      for (const { nativeSymbol, payload } of decoded.ticks)
        countsOf(nativeSymbol)[payload.kind === 'trade' ? 'trades' : 'quotes']++
      for (const { nativeSymbol } of decoded.withdrawals) countsOf(nativeSymbol).quotes++
    }
  }
  const all = [...symbols.values()]
  return {
    exchange: first.adapter.exchange,
    frames: connections.reduce((sum, { connection }) => sum + connection.frames.length, 0),
    trades: all.reduce((sum, { trades }) => sum + trades, 0),
    quotes: all.reduce((sum, { quotes }) => sum + quotes, 0),
    ignored: sorted(ignored),
    faults,
    symbols: sorted(symbols),
  }
}

const sorted = <Value>(map: ReadonlyMap<string, Value>): Readonly<Record<string, Value>> =>
  Object.fromEntries([...map].toSorted(([a], [b]) => (a < b ? -1 : 1)))
