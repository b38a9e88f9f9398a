import { sql, type Kysely } from 'kysely'

/** What the processes of the pipeline say about themselves. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.system_events (
  service text collate "C" not null,
  instance text collate "C" not null,
  sequence bigint not null,
  time timestamptz not null,
  kind text collate "C" not null,
  exchange text collate "C",
  symbol text collate "C",
  message text not null,
  details jsonb not null,
  log_offset bigint not null,
  primary key (service, instance, sequence)
);
create index system_events_time on public.system_events (time);
comment on table public.system_events is 'What an operator may want to know. Kept 30 days.';
comment on column public.system_events.service is 'Role of the process that says so.';
comment on column public.system_events.instance is 'Which process: host, pid and start time.';
comment on column public.system_events.sequence is 'Counts the instance''s events from 0.';
comment on column public.system_events.time is 'When it happened.';
comment on column public.system_events.kind is 'STARTED, STOPPED, CONNECTED, DISCONNECTED, GAP, FAULT, COMMAND or NOTE.';
comment on column public.system_events.exchange is 'The exchange it concerns, if one.';
comment on column public.system_events.symbol is 'The symbol it concerns, if one.';
comment on column public.system_events.message is 'What happened, as a sentence.';
comment on column public.system_events.details is 'Named facts.';
comment on column public.system_events.log_offset is 'Kafka offset of the record.';

create table public.services (
  service text collate "C" not null,
  instance text collate "C" not null,
  sequence bigint not null,
  time timestamptz not null,
  started_at timestamptz not null,
  state text collate "C" not null,
  version text not null,
  event_loop_p99_ms double precision not null,
  resident_bytes bigint not null,
  figures jsonb not null,
  primary key (service, instance)
) with (fillfactor = 50);
comment on table public.services is 'Newest heartbeat of each process. Each writes one each 5 s: three missed is suspect, six is dead. Kept 1 day.';
comment on column public.services.service is 'Role: producers, consumers, api, ...';
comment on column public.services.instance is 'Which process: host, pid and start time.';
comment on column public.services.sequence is 'Counts the instance''s heartbeats from 0.';
comment on column public.services.time is 'When the heartbeat was written.';
comment on column public.services.started_at is 'When the process started.';
comment on column public.services.state is 'STARTING, READY, DEGRADED or STOPPING.';
comment on column public.services.version is 'Version of the crosstide package.';
comment on column public.services.event_loop_p99_ms is '99th percentile of the event loop''s delay since the heartbeat before, milliseconds.';
comment on column public.services.resident_bytes is 'Resident memory, bytes.';
comment on column public.services.figures is 'Named figures of the role, unit in the name.';

grant select, insert, delete on public.system_events to ingest_rw;
grant select, insert, update, delete on public.services to ingest_rw;
grant select on public.system_events, public.services to api_ro;
`)
    .execute(db)
}
