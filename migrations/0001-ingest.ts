import { sql, type Kysely } from 'kysely'

/** The machinery's own tables: where each consumer is, what the tick sieve remembers, which log this database belongs to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create schema if not exists ingest;
comment on schema ingest is 'Machinery of the pipeline; analysts read schema public.';
grant usage on schema ingest to ingest_rw;

create table ingest.log (
  only_row boolean primary key default true check (only_row),
  log_id uuid not null,
  created_at timestamptz not null default now()
);
comment on table ingest.log is 'Identity of the Kafka log that this database was filled from; one row.';
comment on column ingest.log.only_row is 'Always true: there is one row.';
comment on column ingest.log.log_id is 'The same uuid stands in crosstide.control under the key log-id.';
comment on column ingest.log.created_at is 'When the two were bound to each other.';

create table ingest.offsets (
  consumer text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  next_offset bigint not null,
  tail_timestamp bigint,
  tail_crc bigint,
  updated_at timestamptz not null default now(),
  primary key (consumer, topic, part)
) with (fillfactor = 50);
comment on table ingest.offsets is 'Where each sink is in the log. Changes in the statement that stores the rows, by compare-and-set; it, not the consumer group, is the truth.';
comment on column ingest.offsets.consumer is 'Name of the sink, sink-ticks for instance.';
comment on column ingest.offsets.topic is 'Kafka topic.';
comment on column ingest.offsets.part is 'Kafka partition.';
comment on column ingest.offsets.next_offset is 'First offset that is not handled yet.';
comment on column ingest.offsets.tail_timestamp is 'Timestamp of the last handled record, milliseconds since the epoch; null before the first.';
comment on column ingest.offsets.tail_crc is 'CRC-32 of key and value of the last handled record: tells a re-created or truncated topic.';
comment on column ingest.offsets.updated_at is 'When it last moved.';

create table ingest.origins (
  consumer text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  exchange text collate "C" not null,
  session bigint not null,
  ordinal bigint not null,
  updated_at timestamptz not null default now(),
  primary key (consumer, topic, part, exchange, session)
) with (fillfactor = 50);
comment on table ingest.origins is 'Memory of the tick sieve: the highest ordinal stored per session and partition. A record not above it is a repeat. Kept 7 days.';
comment on column ingest.origins.consumer is 'Name of the sink.';
comment on column ingest.origins.topic is 'Kafka topic.';
comment on column ingest.origins.part is 'Kafka partition.';
comment on column ingest.origins.exchange is 'Exchange of the session; empty for control records.';
comment on column ingest.origins.session is 'Session: the microsecond its socket was opened.';
comment on column ingest.origins.ordinal is 'Highest ordinal seen below the stored offset.';
comment on column ingest.origins.updated_at is 'When a record of the session was last stored.';

create table ingest.view_refreshes (
  view text collate "C" primary key,
  as_of timestamptz not null,
  refreshed_at timestamptz not null,
  took_ms double precision not null
);
comment on table ingest.view_refreshes is 'When each materialised view was last refreshed.';
comment on column ingest.view_refreshes.view is 'Name of the materialised view in schema public.';
comment on column ingest.view_refreshes.as_of is 'The moment the view speaks of: its newest minute with trades, never after the database clock.';
comment on column ingest.view_refreshes.refreshed_at is 'When the refresh ended.';
comment on column ingest.view_refreshes.took_ms is 'How long the refresh took, milliseconds.';

create table ingest.view_sources (
  view text collate "C" primary key,
  hash text not null,
  applied_at timestamptz not null default now()
);
comment on table ingest.view_sources is 'Which text of sql/*.sql each view was made from.';
comment on column ingest.view_sources.view is 'Name of the file without .sql.';
comment on column ingest.view_sources.hash is 'SHA-256 of the file.';
comment on column ingest.view_sources.applied_at is 'When the view was made.';

grant select, insert on ingest.log to ingest_rw;
grant select, insert, update on ingest.offsets to ingest_rw;
grant select, insert, update, delete on ingest.origins to ingest_rw;
grant select on ingest.view_refreshes to ingest_rw;
`)
    .execute(db)
}
