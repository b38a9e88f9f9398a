import type { Database, Statement } from '../consumers/database.ts'
import { codeOf, messageOf, verdictOf } from '../consumers/database.ts'
import { MOVED, type Move } from '../consumers/resume.ts'
import type { Entry, Sink } from '../consumers/sink.ts'
import { servicesSink } from '../consumers/services-sink.ts'
import { candlesStatement } from '../consumers/candles-sink.ts'
import { alertsStatement } from '../consumers/alerts/alerts-sink.ts'
import { matchesStatement } from '../consumers/matches-sink.ts'
import { opportunitiesStatement } from '../consumers/opportunities-sink.ts'
import { systemEventsSink } from '../consumers/system-events-sink.ts'
import { tickRows, type TickRows } from '../consumers/ticks-rows.ts'
import { ticksStatement } from '../consumers/ticks-statement.ts'
import { alertFault } from '../core/alert-fault.ts'
import { candleFault, matchFault, opportunityFault } from '../core/derived-check.ts'
import { tickFault } from '../core/tick-check.ts'
import { fromMillis } from '../core/time.ts'
import type { Decoder, Registry } from '../io/registry.ts'
import { serviceHeartbeatCodec, systemEventCodec, tickCodec } from '../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../schemas/derived.ts'
import { alertCodec, matchCodec } from '../schemas/matches.ts'
import type { Catalogue } from '../schemas/topics.ts'
import type { Letter, Origin } from './letters.ts'

export type Stored =
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'unreadable' | 'refused' | 'too-old'; readonly reason: string }

type SinkOrigin = Extract<Origin, { stage: 'sink' | 'processor' }>
/** `undefined`: only look whether it could be stored. */
type Store = (letter: Letter, from: SinkOrigin, database: Database | undefined) => Promise<Stored>

/** Stands where a sink's statement moves its offset: nothing moves. Names all seven parameters, so that each has a type. */
const UNMOVED = `moved as (
  select $3::int as part
   where coalesce($1::text, $2::text, $4::bigint::text, $5::bigint::text, $6::bigint::text, $7::bigint::text) is not null
)`

/** How a sink's letters are stored again, by source topic: by natural key, moving no offset. */
export function rowStores(
  { ticks, candles, opportunities, matches, alerts, system, heartbeats }: Catalogue,
  registry: Registry,
  keepsFromMs: number,
): ReadonlyMap<string, Store> {
  const decoder = registry.decoder(tickCodec)
  const storeTick: Store = async (letter, from, database) => {
    const tick = await valueOf(decoder, letter.value)
    if (tick.kind === 'unreadable') return tick
    const reason = tickFault(tick.value)
    if (reason !== undefined) return { kind: 'unreadable', reason }
    // Its day's partition is gone; the row would stay in DEFAULT for ever.
    if (tick.value.eventTime < fromMillis(keepsFromMs)) return TOO_OLD
    const rows = historyOf(tickRows(from.partition, [entryOf(letter, from, tick.value)], new Set(), new Map()))
    return run(database, ticksStatement(unmovedAt(letter, from), rows))
  }
  // The sieves stay as they are: what stands before a letter may not be stored yet.
  const storeCandle = storeBy({
    decoder: registry.decoder(candleCodec),
    faultOf: candleFault,
    isTooOld: ({ interval, openTime }) => interval === '1s' && openTime < fromMillis(keepsFromMs),
    statement: (move, entries) => candlesStatement(move, entries, []),
  })
  const storeOpportunity = storeBy({
    decoder: registry.decoder(opportunityCodec),
    faultOf: opportunityFault,
    statement: (move, entries) => opportunitiesStatement(move, entries, []),
  })
  const storeMatch = storeBy({
    decoder: registry.decoder(matchCodec),
    faultOf: matchFault,
    statement: (move, entries) => matchesStatement(move, entries, []),
  })
  const storeAlert = storeBy({
    decoder: registry.decoder(alertCodec),
    faultOf: alertFault,
    // It is old news: stored, but not told, and nothing is done about it.
    statement: (move, entries) => alertsStatement(move, entries, [], undefined),
  })
  return new Map([
    [ticks.name, storeTick],
    [candles.name, storeCandle],
    [opportunities.name, storeOpportunity],
    [matches.name, storeMatch],
    [alerts.name, storeAlert],
    [system.name, storeBy(memoryless(systemEventsSink(system.name, registry.decoder(systemEventCodec))))],
    [heartbeats.name, storeBy(memoryless(servicesSink(heartbeats.name, registry.decoder(serviceHeartbeatCodec))))],
  ])
}

const memoryless = <Value>(sink: Sink<Value, undefined>): Rows<Value> => ({
  decoder: sink.decoder,
  faultOf: (value) => sink.faultOf(value),
  statement: (move, entries) => sink.statement(move, entries, undefined),
})

type Rows<Value> = Pick<Sink<Value, never>, 'decoder'> & {
  readonly faultOf: (value: Value) => string | undefined
  /** Whether the table keeps it no more. */
  readonly isTooOld?: (value: Value) => boolean
  readonly statement: (move: Move, entries: readonly Entry<Value>[]) => Statement
}

const storeBy =
  <Value>({ decoder, faultOf, isTooOld = () => false, statement }: Rows<Value>): Store =>
  async (letter, from, database) => {
    const read = await valueOf(decoder, letter.value)
    if (read.kind === 'unreadable') return read
    const reason = faultOf(read.value)
    if (reason !== undefined) return { kind: 'unreadable', reason }
    if (isTooOld(read.value)) return TOO_OLD
    return run(database, statement(unmovedAt(letter, from), [entryOf(letter, from, read.value)]))
  }

const TOO_OLD: Stored = { kind: 'too-old', reason: 'older than the tables keep' }

/**
 * What a late row may touch: not the sieve (what stands before it may not be stored yet), not the latest quote (a later gap
 * may have withdrawn it), not a session's newest heartbeat.
 */
const historyOf = (rows: TickRows): TickRows => ({
  ...rows,
  seen: [],
  quotes: rows.quotes.map((row) => ({ ...row, latest: 'no' })),
  heartbeats: [],
})

async function run(database: Database | undefined, statement: Statement): Promise<Stored> {
  if (database === undefined) return { kind: 'rows', rows: 0 }
  const text = statement.text.replace(MOVED, () => UNMOVED)
  try {
    const { rows } = await database.query<{ stored: number }>({ ...statement, name: `${statement.name}-again`, text })
    return { kind: 'rows', rows: rows[0]?.stored ?? 0 }
  } catch (error) {
    if (verdictOf(error) !== 'refused') throw error
    return { kind: 'refused', reason: `${codeOf(error)}: ${messageOf(error)}` }
  }
}

const unmovedAt = ({ topic }: Letter, { partition, offset }: SinkOrigin) => ({
  consumer: 'dlq-replay',
  slot: { topic, partition },
  from: offset,
  to: offset,
  tail: undefined,
})

const entryOf = <Value>({ value, timestampMs }: Letter, { offset }: SinkOrigin, decoded: Value): Entry<Value> => ({
  record: { offset, key: null, value, timestampMs },
  offset,
  value: decoded,
})

type Read<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'unreadable'; readonly reason: string }

async function valueOf<Value>(decoder: Decoder<Value>, bytes: Buffer): Promise<Read<Value>> {
  const result = decoder.decode(bytes)
  if (result.kind === 'value') return result
  if (result.kind === 'fault') return { kind: 'unreadable', reason: result.reason }
  if (await decoder.learn(result.id)) return valueOf(decoder, bytes)
  return { kind: 'unreadable', reason: `unknown schema: ${result.id}` }
}
