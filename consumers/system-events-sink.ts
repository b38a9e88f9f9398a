import type { SystemEvent } from '../core/service.ts'
import type { Decoder } from '../io/registry.ts'
import { bigintArray, textArray, timestampArray } from './arrays.ts'
import { DEADLINE_MS } from './database.ts'
import { MOVED, moveValues } from './resume.ts'
import type { Sink } from './sink.ts'

const TEXT = `
with ${MOVED},
put as (
  insert into public.system_events (service, instance, sequence, time, kind, exchange, symbol, message, log_offset, details)
  select u.service, u.instance, u.sequence, u.time, u.kind, u.exchange, u.symbol, u.message, u.log_offset, u.details::jsonb
    from moved, unnest($8::text[], $9::text[], $10::bigint[], $11::timestamptz[], $12::text[], $13::text[], $14::text[],
                       $15::text[], $16::bigint[], $17::text[])
           u (service, instance, sequence, time, kind, exchange, symbol, message, log_offset, details)
  on conflict do nothing
  returning 1
)
select (select count(*)::int from moved) as moved, (select count(*)::int from put) as stored`

/** System events to their table, by (service, instance, sequence). */
export const systemEventsSink = (topic: string, decoder: Decoder<SystemEvent>): Sink<SystemEvent, undefined> => ({
  consumer: 'sink-system-events',
  topic,
  decoder,
  faultOf: ({ service, instance }) => (service === '' || instance === '' ? 'service: empty' : undefined),
  recall: () => Promise.resolve(undefined),
  // The natural key drops repeats.
  fresh: (_memory, entries) => entries,
  statement: (move, entries) => ({
    name: 'sink-system-events',
    text: TEXT,
    query_timeout: DEADLINE_MS,
    values: [
      ...moveValues(move),
      textArray(entries.map(({ value }) => value.service)),
      textArray(entries.map(({ value }) => value.instance)),
      bigintArray(entries.map(({ value }) => value.sequence)),
      timestampArray(entries.map(({ value }) => value.time)),
      textArray(entries.map(({ value }) => value.kind)),
      textArray(entries.map(({ value }) => value.exchange)),
      textArray(entries.map(({ value }) => value.symbol)),
      textArray(entries.map(({ value }) => value.message)),
      bigintArray(entries.map(({ offset }) => offset)),
      textArray(entries.map(({ value }) => JSON.stringify(value.details))),
    ],
  }),
  adopt: () => undefined,
})
