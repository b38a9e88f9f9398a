import { sql, type Kysely } from 'kysely'

/** How an alert's story ends: by a RESOLVED, or by itself. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table public.alerts add column reason text collate "C";
alter table public.alerts add column resolves boolean not null default true;
alter table public.alerts add column expires_at timestamptz;
comment on column public.alerts.reason is 'Of a RESOLVED of a rule: release, renew or rule.';
comment on column public.alerts.resolves is 'Whether a RESOLVED follows when it is over.';
comment on column public.alerts.expires_at is 'When it passes by itself: some time after it fired if no RESOLVED ever follows, or after its history was renewed; null: it waits for its RESOLVED.';
comment on column public.alerts.state is 'open, acknowledged or resolved, and never passed: alert_state(state, expires_at) says whether it is by now. A RESOLVED is resolved from the start and resolves those of its key before it, but for one by renewal, which lets them pass.';

create function public.alert_state(state text, expires_at timestamptz) returns text
  language sql stable parallel safe
  return case when state <> 'resolved' and expires_at <= now() then 'passed' else state end;
comment on function public.alert_state is 'State of an alert by now: open, acknowledged, resolved, or passed: over, though nobody said so.';

create view public.open_alerts as
select a.alert_id, a.alert_key, a.source, a.severity, a.type, a.title, a.at, a.feed, a.rule_id, a.rule_version, a.key, a.exchange, a.symbol,
       a.fields, a.state, a.acked_by, a.acked_at, a.ack_comment, a.resolves, a.expires_at
  from public.alerts a
 where a.state <> 'resolved' and (a.expires_at is null or a.expires_at > now());
comment on view public.open_alerts is 'Alerts that are neither resolved nor passed by now.';
do $$
declare
  c record;
begin
  for c in select v.attname, col_description(t.attrelid, t.attnum) as text
             from pg_attribute v join pg_attribute t using (attname)
            where v.attrelid = 'public.open_alerts'::regclass and t.attrelid = 'public.alerts'::regclass and v.attnum > 0
  loop
    execute format('comment on column public.open_alerts.%I is %L', c.attname, c.text);
  end loop;
end $$;

drop index public.alerts_open;
create index alerts_open on public.alerts (expires_at, at, alert_id) where state <> 'resolved';
create index alerts_story on public.alerts (alert_key, partition, log_offset) where state <> 'resolved';
create index alert_outbox_waiting_story on ingest.alert_outbox (kind, channel, alert_key, outbox_id) where outcome is null;

grant update (expires_at) on public.alerts to ingest_rw;
grant select on public.open_alerts to api_ro, api_rw, ingest_rw;
`)
    .execute(db)
}
