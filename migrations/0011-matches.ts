import { sql, type Kysely } from 'kysely'

/** Hits of rules, one row each. Kept 30 days, as the topic keeps them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.matches (
  match_id text collate "C" primary key,
  rule_id text collate "C" not null,
  rule_version integer not null,
  rule_set_hash text collate "C" not null,
  shadow boolean not null,
  type text collate "C" not null,
  phase text collate "C" not null,
  reason text collate "C",
  severity text collate "C" not null,
  key jsonb not null,
  base text collate "C" not null,
  exchange text collate "C",
  symbol text collate "C",
  at timestamptz not null,
  feed text collate "C" not null,
  fields jsonb not null,
  inputs jsonb not null,
  evidence jsonb not null,
  suppressed bigint not null,
  partition integer not null,
  log_offset bigint not null,
  processor text collate "C" not null,
  origin_version integer not null,
  origin_part integer not null,
  origin_offset bigint not null,
  origin_ordinal integer not null,
  stored_at timestamptz not null default now()
);
create index matches_at on public.matches (at, match_id);
create index matches_rule on public.matches (rule_id, at);
create index matches_symbol on public.matches (symbol, at);
create index matches_exchange on public.matches (exchange, at);
create index matches_fired on public.matches (rule_id, rule_version, at) where phase = 'FIRED';
create index matches_stored_at on public.matches using brin (stored_at);
comment on table public.matches is 'Hits of rules, each once. A row never changes: a FIRED that ended has a RESOLVED of the same rule and key after it. Kept 30 days.';
comment on column public.matches.match_id is 'rule_id@rule_version:origin_part:origin_offset:origin_ordinal.';
comment on column public.matches.rule_id is 'The rule.';
comment on column public.matches.rule_version is 'Its version.';
comment on column public.matches.rule_set_hash is 'SHA-256 of the rule set in force, in hexadecimal digits.';
comment on column public.matches.shadow is 'Of a version that is tried beside the one that speaks: on record, never an alert.';
comment on column public.matches.type is 'What the rule calls it.';
comment on column public.matches.phase is 'FIRED, RESOLVED or TIMEOUT (a pattern that began was not completed in time).';
comment on column public.matches.reason is 'On RESOLVED: release, renew (history ends here; a condition still true fires again at once) or rule (replaced, disabled or removed).';
comment on column public.matches.severity is 'info, warning or critical.';
comment on column public.matches.key is 'Values of the rule''s by fields: what it fired for.';
comment on column public.matches.base is 'Base asset of the key, or of the record that caused it.';
comment on column public.matches.exchange is 'Exchange of the key, or of the record that caused it; null: none in particular.';
comment on column public.matches.symbol is 'Symbol of the key, or of the record that caused it; null: none in particular.';
comment on column public.matches.at is 'Its moment: the partition clock, or a timer''s deadline.';
comment on column public.matches.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL: of the record that caused it; SIMULATED where a timer did and nothing better is known.';
comment on column public.matches.fields is 'What the rule tells, by name; null: it had no value. Times and durations are microseconds.';
comment on column public.matches.inputs is 'All the rule''s named values, if it asks for them.';
comment on column public.matches.evidence is 'Records it rests on, newest last: stream, offset (in the partition origin_part of the input), at (microseconds since the epoch), exchange, symbol.';
comment on column public.matches.suppressed is 'FIRED that a cool-down held back since the last one of its key that was written.';
comment on column public.matches.partition is 'Kafka partition of the record.';
comment on column public.matches.log_offset is 'Kafka offset of the record.';
comment on column public.matches.processor is 'Processor that ran the rule.';
comment on column public.matches.origin_version is 'Version of its code.';
comment on column public.matches.origin_part is 'Input partition.';
comment on column public.matches.origin_offset is 'Offset of the input record that caused it.';
comment on column public.matches.origin_ordinal is 'Rank among the outputs of that input record.';
comment on column public.matches.stored_at is 'When it was stored (start of its transaction).';

grant select on public.matches to api_ro;
grant select, insert, delete on public.matches to ingest_rw;
`)
    .execute(db)
}
