create view public.sink_positions as
select consumer,
       topic,
       part as partition,
       next_offset,
       to_timestamp(tail_timestamp / 1000.0) as stored_until,
       updated_at
  from ingest.offsets;

comment on view public.sink_positions is 'How far each sink has stored the log.';
comment on column public.sink_positions.consumer is 'Name of the sink, sink-ticks for instance.';
comment on column public.sink_positions.topic is 'Kafka topic.';
comment on column public.sink_positions.partition is 'Kafka partition.';
comment on column public.sink_positions.next_offset is 'First offset that is not stored yet.';
comment on column public.sink_positions.stored_until is 'The log''s stamp of the last stored record; null before the first.';
comment on column public.sink_positions.updated_at is 'When it last moved.';
