import { sql, type Kysely } from 'kysely'

/** Alerts, what is to be sent and done about each, and what is not to be told. Kept 90 days, as the topic keeps them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.alerts (
  alert_id text collate "C" primary key,
  alert_key text collate "C" not null,
  source text collate "C" not null,
  phase text collate "C" not null,
  severity text collate "C" not null,
  type text collate "C" not null,
  title text not null,
  at timestamptz not null,
  feed text collate "C" not null,
  rule_id text collate "C",
  rule_version integer,
  key jsonb not null,
  exchange text collate "C",
  symbol text collate "C",
  fields jsonb not null,
  evidence jsonb not null,
  suppressed bigint not null,
  action jsonb,
  state text collate "C" not null check (state in ('open', 'acknowledged', 'resolved')),
  acked_by text,
  acked_at timestamptz,
  resolved_at timestamptz,
  silenced_by bigint,
  partition integer not null,
  log_offset bigint not null,
  origin jsonb,
  stored_at timestamptz not null default now()
) with (fillfactor = 80);
create index alerts_at on public.alerts (at, alert_id);
create index alerts_key on public.alerts (alert_key, partition, log_offset);
create index alerts_open on public.alerts (at, alert_id) where state <> 'resolved';
create index alerts_rule on public.alerts (rule_id, at);
create index alerts_stored_at on public.alerts using brin (stored_at);
comment on table public.alerts is 'Alerts as they were written, each once. Those of one alert_key are one story. Kept 90 days.';
comment on column public.alerts.alert_id is 'Of a rule the id of its match; of a service its name, instance, type and sequence.';
comment on column public.alerts.alert_key is 'What goes on firing and resolving: the rule with its key, or the service with what it saw.';
comment on column public.alerts.source is 'RULE or SERVICE.';
comment on column public.alerts.phase is 'FIRED or RESOLVED.';
comment on column public.alerts.severity is 'info, warning or critical.';
comment on column public.alerts.type is 'What the rule or the service calls it.';
comment on column public.alerts.title is 'The rule''s name, or a sentence.';
comment on column public.alerts.at is 'Its moment: of a rule by the partition clock, of a service by its own.';
comment on column public.alerts.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL: what it is about.';
comment on column public.alerts.rule_id is 'The rule; null: of a service.';
comment on column public.alerts.rule_version is 'Its version.';
comment on column public.alerts.key is 'Values of the rule''s by fields.';
comment on column public.alerts.exchange is 'The exchange it concerns; null: none in particular.';
comment on column public.alerts.symbol is 'The symbol it concerns; null: none in particular.';
comment on column public.alerts.fields is 'What it tells, by name.';
comment on column public.alerts.evidence is 'Records it rests on, newest last: stream, offset, at (microseconds since the epoch), exchange, symbol.';
comment on column public.alerts.suppressed is 'How many a cool-down held back before it.';
comment on column public.alerts.action is 'What is to be done about it; null: nothing.';
comment on column public.alerts.state is 'open, acknowledged or resolved. A RESOLVED is resolved from the start and resolves those of its key before it.';
comment on column public.alerts.acked_by is 'Who acknowledged it.';
comment on column public.alerts.acked_at is 'When.';
comment on column public.alerts.resolved_at is 'Moment of the RESOLVED.';
comment on column public.alerts.silenced_by is 'The silence that kept it from being sent to a channel; null: none did.';
comment on column public.alerts.partition is 'Kafka partition of crypto-alerts.';
comment on column public.alerts.log_offset is 'Kafka offset there.';
comment on column public.alerts.origin is 'Of a rule: processor, version, partition, offset and ordinal of what caused it.';
comment on column public.alerts.stored_at is 'When it was stored (start of its transaction).';

create table ingest.alert_outbox (
  outbox_id bigint generated always as identity primary key,
  kind text collate "C" not null check (kind in ('message', 'action')),
  channel text collate "C" not null,
  alert_id text collate "C" not null references public.alerts on delete cascade,
  alert_key text collate "C" not null,
  created_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  uncertain integer not null default 0,
  is_attempting boolean not null default false,
  attempted_at timestamptz,
  next_attempt_at timestamptz,
  outcome text collate "C" check (outcome in ('sent', 'unknown', 'failed', 'refused', 'repeat', 'folded', 'silenced', 'minor', 'unsent', 'limited')),
  sent_at timestamptz,
  settled_at timestamptz,
  reason text,
  unique (kind, channel, alert_id)
) with (fillfactor = 70);
create index alert_outbox_waiting on ingest.alert_outbox (kind, channel, outbox_id) where outcome is null;
create index alert_outbox_story on ingest.alert_outbox (kind, channel, alert_key, outbox_id desc) where outcome in ('sent', 'unknown');
create index alert_outbox_attempted on ingest.alert_outbox (kind, channel, attempted_at) where attempted_at is not null;
create index alert_outbox_alert on ingest.alert_outbox (alert_id);
comment on table ingest.alert_outbox is 'What is to be sent or done about an alert, made with it, and what became of that. An attempt is on record before it is made: what a killed process began is known to be of unknown outcome.';
comment on column ingest.alert_outbox.outbox_id is 'Order.';
comment on column ingest.alert_outbox.kind is 'message (to a channel) or action.';
comment on column ingest.alert_outbox.channel is 'Name of the channel; of an action its target or command.';
comment on column ingest.alert_outbox.alert_id is 'The alert.';
comment on column ingest.alert_outbox.alert_key is 'Its story.';
comment on column ingest.alert_outbox.created_at is 'When it was put here.';
comment on column ingest.alert_outbox.attempts is 'How often it was tried.';
comment on column ingest.alert_outbox.uncertain is 'How many of those nobody knows the outcome of: where it is above 0, the alert may have arrived more than once.';
comment on column ingest.alert_outbox.is_attempting is 'An attempt was begun and its outcome is not on record.';
comment on column ingest.alert_outbox.attempted_at is 'When the newest attempt began; alerts of one message have the same.';
comment on column ingest.alert_outbox.next_attempt_at is 'Not before this; null: at once.';
comment on column ingest.alert_outbox.outcome is 'Null: it waits. sent: acknowledged. unknown: given up, may have arrived. failed: given up. refused: never to be taken, or not allowed. repeat: its story was told. folded: it fired again at once. silenced. minor: below the channel''s severity. unsent: RESOLVED of what was not sent. limited: too many actions of its rule.';
comment on column ingest.alert_outbox.sent_at is 'When the attempt began that was acknowledged.';
comment on column ingest.alert_outbox.settled_at is 'When the outcome was known.';
comment on column ingest.alert_outbox.reason is 'Why the newest attempt failed, or why nothing was sent. Without secrets.';

create table public.silences (
  silence_id bigint generated always as identity primary key,
  matcher jsonb not null check (jsonb_typeof(matcher) = 'object' and matcher <> '{}'::jsonb),
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  author text not null,
  comment text not null,
  created_at timestamptz not null default clock_timestamp(),
  ended_by text,
  ended_at timestamptz
);
create index silences_ends_at on public.silences (ends_at);
comment on table public.silences is 'What is not to be told, from when to when. Actions are done all the same.';
comment on column public.silences.silence_id is 'Its number.';
comment on column public.silences.matcher is 'Which alerts: all those that have each of these, of ruleId, type, symbol, exchange, severity.';
comment on column public.silences.starts_at is 'From when on.';
comment on column public.silences.ends_at is 'Until when, excluded.';
comment on column public.silences.author is 'Who made it.';
comment on column public.silences.comment is 'Why.';
comment on column public.silences.created_at is 'When it was made.';
comment on column public.silences.ended_by is 'Who ended it early; null: nobody.';
comment on column public.silences.ended_at is 'When it was ended early.';

create view public.alert_deliveries as
select o.outbox_id, o.kind, o.channel, o.alert_id, o.alert_key, o.created_at, o.attempts, o.uncertain, o.attempted_at,
       o.next_attempt_at, coalesce(o.outcome, 'waiting') as outcome, o.sent_at, o.settled_at, o.reason
  from ingest.alert_outbox o;
comment on view public.alert_deliveries is 'What became of each alert on each channel, and of each action.';
comment on column public.alert_deliveries.outbox_id is 'Order.';
comment on column public.alert_deliveries.kind is 'message (to a channel) or action.';
comment on column public.alert_deliveries.channel is 'Name of the channel; of an action its target or command.';
comment on column public.alert_deliveries.alert_id is 'The alert.';
comment on column public.alert_deliveries.alert_key is 'Its story.';
comment on column public.alert_deliveries.created_at is 'When it was put there.';
comment on column public.alert_deliveries.attempts is 'How often it was tried.';
comment on column public.alert_deliveries.uncertain is 'How many of those nobody knows the outcome of.';
comment on column public.alert_deliveries.attempted_at is 'When the newest attempt began.';
comment on column public.alert_deliveries.next_attempt_at is 'Not before this.';
comment on column public.alert_deliveries.outcome is 'waiting, sent, unknown, failed, refused, repeat, folded, silenced, minor, unsent or limited.';
comment on column public.alert_deliveries.sent_at is 'When the attempt began that was acknowledged.';
comment on column public.alert_deliveries.settled_at is 'When the outcome was known.';
comment on column public.alert_deliveries.reason is 'Why the newest attempt failed, or why nothing was sent.';

grant select, insert, delete on public.alerts to ingest_rw;
grant update (state, acked_by, acked_at, resolved_at, silenced_by) on public.alerts to ingest_rw;
grant select, insert, update, delete on ingest.alert_outbox to ingest_rw;
grant select, insert, delete on public.silences to ingest_rw;
grant update (ends_at, ended_by, ended_at) on public.silences to ingest_rw;
grant select on public.alerts, public.silences, public.alert_deliveries to api_ro, api_rw, ingest_rw;
grant update (state, acked_by, acked_at) on public.alerts to api_rw;
grant insert on public.silences to api_rw;
grant update (ends_at, ended_by, ended_at) on public.silences to api_rw;
`)
    .execute(db)
}
