import { sessionKey, sift } from '../core/sieve.ts'
import { tickFault } from '../core/tick-check.ts'
import type { Tick } from '../core/tick.ts'
import type { Decoder } from '../io/registry.ts'
import type { Sink } from './sink.ts'
import { symbolKey, tickRows } from './ticks-rows.ts'
import { ticksStatement } from './ticks-statement.ts'

/** What the ticks sink remembers of a slot; changed in place as its statements commit. */
export type TicksMemory = {
  /** Highest ordinal stored per session. */
  readonly sieve: Map<string, number>
  /** Symbols (`exchange/symbol`) that the database has. */
  readonly symbols: Set<string>
}

/** Ticks to trades, quotes, minutes, latest quotes, gaps, sessions. */
export const ticksSink = (topic: string, decoder: Decoder<Tick>): Sink<Tick, TicksMemory> => ({
  consumer: 'sink-ticks',
  topic,
  decoder,
  faultOf: tickFault,
  async recall(database, slot) {
    const { rows: origins } = await database.query<{ exchange: string; session: string; ordinal: string }>({
      text: 'select exchange, session, ordinal from ingest.origins where consumer = $1 and topic = $2 and part = $3',
      values: ['sink-ticks', slot.topic, slot.partition],
    })
    const { rows: symbols } = await database.query<{ exchange: string; symbol: string }>({
      text: 'select exchange, symbol from public.symbols',
    })
    return {
      sieve: new Map(origins.map(({ exchange, session, ordinal }) => [`${exchange}/${session}`, Number(ordinal)])),
      symbols: new Set(symbols.map(symbolKey)),
    }
  },
  fresh: ({ sieve }, entries) =>
    sift(
      sieve,
      entries.map((entry) => ({ tick: entry.value, entry })),
    ).fresh.map(({ entry }) => entry),
  statement: (move, entries, { symbols }) => ticksStatement(move, tickRows(move.slot.partition, entries, symbols)),
  adopt({ sieve, symbols }, entries) {
    for (const { value } of entries) {
      // Ordinals of a session ascend among fresh entries.
      sieve.set(sessionKey(value), value.ordinal)
      if (value.payload.kind === 'trade' || value.payload.kind === 'quote') symbols.add(symbolKey(value))
    }
  },
})
