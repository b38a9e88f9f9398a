import { sql, type Kysely } from 'kysely'

/** Refreshing a materialised view needs its owner; the refresher works as ingest_rw and gets this function. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create function ingest.refresh_view(named text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare began timestamptz := clock_timestamp();
begin
  if not exists (select from pg_matviews where schemaname = 'public' and matviewname = named) then
    raise exception 'not a materialised view: %', named;
  end if;
  -- One refresher at a time; the others have nothing to do.
  if not pg_try_advisory_xact_lock(hashtextextended('crosstide refresh ' || named, 0)) then return false; end if;
  -- The view must not ask for now() itself, and recorded traffic may be older than now: it speaks of its newest minute.
  insert into ingest.view_refreshes as r (view, as_of, refreshed_at, took_ms)
  select named, least(now(), coalesce(max(minute) + interval '1 minute', now())), now(), 0 from public.trade_minutes
  on conflict (view) do update set as_of = excluded.as_of;
  execute format('refresh materialized view concurrently public.%I', named);
  update ingest.view_refreshes
     set refreshed_at = clock_timestamp(), took_ms = extract(epoch from clock_timestamp() - began) * 1000
   where view = named;
  return true;
end $$;
comment on function ingest.refresh_view is 'Refreshes a materialised view without blocking its readers; false: another refresher is at it.';
revoke execute on function ingest.refresh_view from public;
grant execute on function ingest.refresh_view to ingest_rw;
`)
    .execute(db)
}
