create view public.log_identity as
select log_id, created_at
  from ingest.log;

comment on view public.log_identity is 'Which Kafka log this database was filled from.';
comment on column public.log_identity.log_id is 'The uuid that stands in crosstide.control under the key log-id.';
comment on column public.log_identity.created_at is 'When the two were bound to each other.';
