import { matchFault } from '../core/derived-check.ts'
import { matchIdOf, type Match } from '../core/match.ts'
import type { Derived, Origin } from '../core/processor.ts'
import type { Decoder } from '../io/registry.ts'
import { columnsOf, namesOf, unnested } from './columns.ts'
import { DEADLINE_MS, type Statement } from './database.ts'
import { SEEN, adoptOrigins, freshByOrigin, originColumns, recallOrigins, type OriginMemory } from './origin-memory.ts'
import { MOVED, moveValues, type Move } from './resume.ts'
import type { Entry, Sink } from './sink.ts'

const CONSUMER = 'sink-matches'

const { text, time, bigint, int, boolean } = columnsOf<Entry<Derived<Match>>>()
const MATCH = [
  text('match_id', ({ value }) => matchIdOf(value, value.origin)),
  text('rule_id', ({ value }) => value.ruleId),
  int('rule_version', ({ value }) => value.ruleVersion),
  text('rule_set_hash', ({ value }) => value.ruleSetHash),
  boolean('shadow', ({ value }) => value.shadow),
  text('type', ({ value }) => value.type),
  text('phase', ({ value }) => value.phase),
  text('reason', ({ value }) => value.reason),
  text('severity', ({ value }) => value.severity),
  text('key', ({ value }) => JSON.stringify(value.key)),
  text('base', ({ value }) => value.base),
  text('exchange', ({ value }) => value.exchange),
  text('symbol', ({ value }) => value.symbol),
  time('at', ({ value }) => value.at),
  text('feed', ({ value }) => value.feed),
  text('fields', ({ value }) => JSON.stringify(value.fields)),
  text('inputs', ({ value }) => JSON.stringify(value.inputs)),
  text('evidence', ({ value }) => JSON.stringify(value.evidence)),
  bigint('suppressed', ({ value }) => value.suppressed),
  bigint('log_offset', ({ offset }) => offset),
  text('processor', ({ value }) => value.origin.processor),
  int('origin_version', ({ value }) => value.origin.version),
  int('origin_part', ({ value }) => value.origin.partition),
  bigint('origin_offset', ({ value }) => value.origin.offset),
  int('origin_ordinal', ({ value }) => value.origin.ordinal),
]

/** The first seven parameters are the move's, the next four the sieve's. */
const FIRST = 12
const JSONB = new Set(['key', 'fields', 'inputs', 'evidence'])

/** A match is final: the first of an id stays. */
const TEXT = `
with ${MOVED},
${SEEN},
put as (
  insert into public.matches (${namesOf(MATCH)}, partition)
  select ${MATCH.map(({ name }) => (JSONB.has(name) ? `u.${name}::jsonb` : `u.${name}`)).join(', ')}, moved.part
    from moved, ${unnested(MATCH, FIRST)}
  on conflict do nothing
  returning 1
)
select (select count(*)::int from moved) as moved, (select count(*)::int from put) as stored`

/** Hits of rules to their table, by id. */
export const matchesSink = (topic: string, decoder: Decoder<Derived<Match>>): Sink<Derived<Match>, OriginMemory> => ({
  consumer: CONSUMER,
  topic,
  decoder,
  faultOf: matchFault,
  recall: (database, slot) => recallOrigins(database, CONSUMER, slot),
  fresh: freshByOrigin,
  statement: (move, entries) => matchesStatement(move, entries, originsIn(entries)),
  adopt: adoptOrigins,
})

const originsIn = (entries: readonly Entry<Derived<Match>>[]): readonly Origin[] =>
  entries.map(({ value }) => value.origin)

/** Rows, what the sieve has `seen` and the offset, together or not at all. */
export const matchesStatement = (
  move: Move,
  entries: readonly Entry<Derived<Match>>[],
  seen: readonly Origin[],
): Statement => ({
  name: CONSUMER,
  text: TEXT,
  query_timeout: DEADLINE_MS,
  values: [...moveValues(move), ...originColumns(seen), ...MATCH.map(({ arrayOf }) => arrayOf(entries))],
})
