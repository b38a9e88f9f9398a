import { sql, type Kysely } from 'kysely'

/** What the ticks sink must remember of each session in each partition to find heartbeats that are over 3 s apart. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table ingest.origins add column last_heartbeat bigint;
comment on column ingest.origins.last_heartbeat is 'receive_time of the session''s last heartbeat below the stored offset, microseconds since the epoch; null before the first. One over 3 s later ends the session''s quotes.';
comment on column public.latest_quotes.withdrawn is 'True: after it came a Gap of its session, a heartbeat that said DOWN, or one over 3 s after the one before; so it may be no longer true.';
`)
    .execute(db)
}
