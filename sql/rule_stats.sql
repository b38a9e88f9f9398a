create materialized view public.rule_stats as
with recursive moment as (
  select as_of from ingest.view_refreshes where view = 'rule_stats'
),
-- From one version to the next by the index: what fired within 30 days is not read.
versions (rule_id, rule_version) as (
  (select rule_id, rule_version from public.matches where phase = 'FIRED' order by rule_id, rule_version limit 1)
  union all
  select next.rule_id, next.rule_version
    from versions v
   cross join lateral (
         select m.rule_id, m.rule_version
           from public.matches m
          where m.phase = 'FIRED' and (m.rule_id, m.rule_version) > (v.rule_id, v.rule_version)
          order by m.rule_id, m.rule_version
          limit 1
         ) next
),
fired as (
  select v.rule_id, v.rule_version, last.at as last_fired
    from versions v
   cross join lateral (
         select m.at
           from public.matches m
          where m.phase = 'FIRED' and m.rule_id = v.rule_id and m.rule_version = v.rule_version
          order by m.at desc
          limit 1
         ) last
),
day as (
  select rule_id,
         rule_version,
         count(*) filter (where phase = 'FIRED' and at >= as_of - interval '1 hour') as fired_1h,
         count(*) filter (where phase = 'RESOLVED' and at >= as_of - interval '1 hour') as resolved_1h,
         count(*) filter (where phase = 'TIMEOUT' and at >= as_of - interval '1 hour') as timeout_1h,
         count(*) filter (where phase = 'FIRED') as fired_24h,
         count(*) filter (where phase = 'RESOLVED') as resolved_24h,
         count(*) filter (where phase = 'TIMEOUT') as timeout_24h,
         count(*) filter (where phase = 'FIRED' and shadow) as shadow_24h,
         sum(suppressed) as suppressed_24h,
         max(feed) as feed
    from public.matches, moment
   where at >= as_of - interval '24 hours'
   group by 1, 2
),
told as (
  select rule_id,
         rule_version,
         count(*) filter (where at >= as_of - interval '1 hour') as alerts_1h,
         count(*) as alerts_24h
    from public.alerts, moment
   where at >= as_of - interval '24 hours' and phase = 'FIRED' and rule_id is not null
   group by 1, 2
)
select rule_id,
       rule_version,
       (select as_of from moment) as as_of,
       coalesce(d.fired_1h, 0) as fired_1h,
       coalesce(d.resolved_1h, 0) as resolved_1h,
       coalesce(d.timeout_1h, 0) as timeout_1h,
       coalesce(d.fired_24h, 0) as fired_24h,
       coalesce(d.resolved_24h, 0) as resolved_24h,
       coalesce(d.timeout_24h, 0) as timeout_24h,
       coalesce(d.shadow_24h, 0) as shadow_24h,
       coalesce(d.suppressed_24h, 0)::bigint as suppressed_24h,
       coalesce(t.alerts_1h, 0) as alerts_1h,
       coalesce(t.alerts_24h, 0) as alerts_24h,
       f.last_fired,
       d.feed
  from fired f
  full join day d using (rule_id, rule_version)
  full join told t using (rule_id, rule_version);

create unique index rule_stats_key on public.rule_stats (rule_id, rule_version);

comment on materialized view public.rule_stats is 'What each version of each rule did of late, and when it last fired; those that have written something within the 30 days that matches are kept. Refreshed each 30 s, its age is in view_ages.';
comment on column public.rule_stats.rule_id is 'The rule.';
comment on column public.rule_stats.rule_version is 'Its version.';
comment on column public.rule_stats.as_of is 'End of the hour and of the 24 hours.';
comment on column public.rule_stats.fired_1h is 'FIRED within the hour.';
comment on column public.rule_stats.resolved_1h is 'RESOLVED within the hour, by whatever reason.';
comment on column public.rule_stats.timeout_1h is 'TIMEOUT within the hour: patterns that began and were not completed in time.';
comment on column public.rule_stats.fired_24h is 'FIRED within the 24 hours.';
comment on column public.rule_stats.resolved_24h is 'RESOLVED within the 24 hours, by whatever reason.';
comment on column public.rule_stats.timeout_24h is 'TIMEOUT within the 24 hours.';
comment on column public.rule_stats.shadow_24h is 'How many of fired_24h were tried in the shadow: on record, never an alert.';
comment on column public.rule_stats.suppressed_24h is 'FIRED that cool-downs held back and a later match tells of, within the 24 hours.';
comment on column public.rule_stats.alerts_1h is 'Alerts that fired within the hour.';
comment on column public.rule_stats.alerts_24h is 'Alerts that fired within the 24 hours.';
comment on column public.rule_stats.last_fired is 'Moment of its newest FIRED that is kept; null: none is.';
comment on column public.rule_stats.feed is 'LIVE, SIMULATED or RECORDED: the greatest by name within the 24 hours, so SIMULATED if any is; null: none within them.';
