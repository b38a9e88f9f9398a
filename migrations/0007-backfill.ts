import { sql, type Kysely } from 'kysely'

/** A gap whose trades were fetched later is closed in its own row. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
grant update (backfilled) on public.gaps to ingest_rw;
comment on column public.gaps.backfilled is 'Whether all its trades were fetched later (feed BACKFILL), or none was missing; its quotes stay missing.';
`)
    .execute(db)
}
