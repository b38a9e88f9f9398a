import { sql, type Kysely } from 'kysely'

/** What who acknowledges an alert has to say; and what readers of alerts look for: acknowledgements of late, a symbol's, an exchange's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table public.alerts add column ack_comment text;
comment on column public.alerts.ack_comment is 'What who acknowledged it said.';
create index alerts_acked_at on public.alerts (acked_at, alert_id) where acked_at is not null;
create index alerts_symbol on public.alerts (symbol, at) where symbol is not null;
create index alerts_exchange on public.alerts (exchange, at) where exchange is not null;
grant update (ack_comment) on public.alerts to api_rw, ingest_rw;
`)
    .execute(db)
}
