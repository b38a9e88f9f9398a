import { sessionKey, sift } from '../core/sieve.ts'
import { tickFault } from '../core/tick-check.ts'
import type { Tick } from '../core/tick.ts'
import { micros, type Micros } from '../core/time.ts'
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
  /** Receive time of each session's last heartbeat. */
  readonly beats: Map<string, Micros>
}

/** Ticks to trades, quotes, minutes, latest quotes, gaps, sessions. */
export const ticksSink = (topic: string, decoder: Decoder<Tick>): Sink<Tick, TicksMemory> => ({
  consumer: 'sink-ticks',
  topic,
  decoder,
  faultOf: tickFault,
  async recall(database, slot) {
    const { rows: origins } = await database.query<Origin>({
      text: `select exchange || '/' || session as key, ordinal, last_heartbeat as beat
               from ingest.origins where consumer = $1 and topic = $2 and part = $3`,
      values: ['sink-ticks', slot.topic, slot.partition],
    })
    const { rows: symbols } = await database.query<{ exchange: string; symbol: string }>({
      text: 'select exchange, symbol from public.symbols',
    })
    return {
      sieve: new Map(origins.map(({ key, ordinal }) => [key, Number(ordinal)])),
      symbols: new Set(symbols.map(symbolKey)),
      beats: new Map(origins.flatMap(({ key, beat }) => (beat === null ? [] : [[key, micros(Number(beat))]]))),
    }
  },
  fresh: ({ sieve }, entries) =>
    sift(
      sieve,
      entries.map((entry) => ({ tick: entry.value, entry })),
    ).fresh.map(({ entry }) => entry),
  statement: (move, entries, { symbols, beats }) =>
    ticksStatement(move, tickRows(move.slot.partition, entries, symbols, beats)),
  adopt({ sieve, symbols, beats }, entries) {
    for (const { value } of entries) {
      // Ordinals of a session ascend among fresh entries.
      sieve.set(sessionKey(value), value.ordinal)
      const { kind } = value.payload
      if (kind === 'trade' || kind === 'quote') symbols.add(symbolKey(value))
      if (kind === 'heartbeat') beats.set(sessionKey(value), value.receiveTime)
    }
  },
})

/** A row of the sieve's memory; `key` as `sessionKey` makes it. */
type Origin = { readonly key: string; readonly ordinal: string; readonly beat: string | null }
