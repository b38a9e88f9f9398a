import type { ServiceHeartbeat } from '../core/service.ts'
import type { Decoder } from '../io/registry.ts'
import { bigintArray, numericArray, textArray, timestampArray } from './arrays.ts'
import { DEADLINE_MS } from './database.ts'
import { MOVED, moveValues } from './resume.ts'
import type { Entry, Sink } from './sink.ts'

const TEXT = `
with ${MOVED},
put as (
  insert into public.services as s (service, instance, sequence, time, started_at, state, version, event_loop_p99_ms,
                                    resident_bytes, figures)
  select u.service, u.instance, u.sequence, u.time, u.started_at, u.state, u.version, u.event_loop_p99_ms, u.resident_bytes,
         u.figures::jsonb
    from moved, unnest($8::text[], $9::text[], $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[],
                       $15::float8[], $16::bigint[], $17::text[])
           u (service, instance, sequence, time, started_at, state, version, event_loop_p99_ms, resident_bytes, figures)
  on conflict (service, instance) do update set
    sequence = excluded.sequence, time = excluded.time, started_at = excluded.started_at, state = excluded.state,
    version = excluded.version, event_loop_p99_ms = excluded.event_loop_p99_ms, resident_bytes = excluded.resident_bytes,
    figures = excluded.figures
  where s.sequence < excluded.sequence
  returning 1
)
select (select count(*)::int from moved) as moved, (select count(*)::int from put) as stored`

/** Heartbeats of services: the newest of each instance. */
export const servicesSink = (topic: string, decoder: Decoder<ServiceHeartbeat>): Sink<ServiceHeartbeat, undefined> => ({
  consumer: 'sink-services',
  topic,
  decoder,
  faultOf: ({ service, instance }) => (service === '' || instance === '' ? 'service: empty' : undefined),
  recall: () => Promise.resolve(undefined),
  fresh: (_memory, entries) => entries,
  statement(move, entries) {
    const rows = newestPerInstance(entries)
    return {
      name: 'sink-services',
      text: TEXT,
      query_timeout: DEADLINE_MS,
      values: [
        ...moveValues(move),
        textArray(rows.map(({ service }) => service)),
        textArray(rows.map(({ instance }) => instance)),
        bigintArray(rows.map(({ sequence }) => sequence)),
        timestampArray(rows.map(({ time }) => time)),
        timestampArray(rows.map(({ startedAt }) => startedAt)),
        textArray(rows.map(({ state }) => state)),
        textArray(rows.map(({ version }) => version)),
        numericArray(rows.map(({ eventLoopP99Ms }) => eventLoopP99Ms)),
        bigintArray(rows.map(({ residentBytes }) => residentBytes)),
        textArray(rows.map(({ figures }) => JSON.stringify(figures))),
      ],
    }
  },
  adopt: () => undefined,
})

/** One row per key: ON CONFLICT DO UPDATE refuses to touch a row twice. */
function newestPerInstance(entries: readonly Entry<ServiceHeartbeat>[]): readonly ServiceHeartbeat[] {
  const newest = new Map<string, ServiceHeartbeat>()
  for (const { value } of entries) {
    const key = `${value.service} ${value.instance}`
    if (value.sequence >= (newest.get(key)?.sequence ?? 0)) newest.set(key, value)
  }
  return [...newest.values()]
}
