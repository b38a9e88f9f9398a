create view public.view_ages as
select view,
       as_of,
       refreshed_at,
       extract(epoch from now() - refreshed_at)::double precision as age_seconds,
       took_ms / 1000 as refresh_seconds
  from ingest.view_refreshes;

comment on view public.view_ages is 'How old each materialised view is.';
comment on column public.view_ages.view is 'Name of the materialised view.';
comment on column public.view_ages.as_of is 'The moment the view speaks of.';
comment on column public.view_ages.refreshed_at is 'When it was last refreshed.';
comment on column public.view_ages.age_seconds is 'Seconds since then.';
comment on column public.view_ages.refresh_seconds is 'How long that took.';
