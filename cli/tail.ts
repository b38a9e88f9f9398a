import { toIso, fromMillis } from '../core/time.ts'
import { PipelineError } from '../core/errors.ts'
import type { Tick } from '../core/tick.ts'
import type { Environment, Source } from '../io/environment.ts'
import type { Incoming, Position, Ranges, Slot } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { createLog } from '../io/log.ts'
import { openTick } from '../io/processor/reading.ts'
import { openRegistry, type Decoder, type Registry } from '../io/registry.ts'
import { serviceHeartbeatCodec, systemEventCodec, tickCodec } from '../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../schemas/derived.ts'
import { alertCodec, matchCodec } from '../schemas/matches.ts'
import { catalogue, type SchemaName } from '../schemas/topics.ts'
import { connection } from './endpoints.ts'

export type TailOptions = {
  readonly from: string
  readonly count: number | undefined
  readonly source: Source | undefined
}

/**
 * `crosstide tail TOPIC`: a topic's records as JSON lines, decoded, one per record in the order of each partition.
 * `from` is `start`, `end`, an offset, an ISO time, or an age such as `10m`. Runs until `count` records or the signal.
 */
export async function tail(
  environment: Environment,
  topic: string,
  options: TailOptions,
  signal: AbortSignal,
): Promise<number> {
  const { brokers, registry } = await connection(environment, options.source)
  const kafka = { brokers, clientId: 'crosstide-tail', log: createLog('cli', 'error') }
  const topics = await openTopics(kafka)
  const partitions = await topics.partitions(topic).finally(() => topics.close())
  const ranges = await openRanges(kafka)
  const show = printer(topic, openRegistry(registry))
  const enough = new AbortController()
  let shown = 0
  try {
    const slots = partitions.map(({ partition }) => ({ topic, partition }))
    const positions = await Promise.all(slots.map((slot) => startOf(ranges, slot, options.from)))
    for await (const { partition, records } of ranges.follow(positions, AbortSignal.any([signal, enough.signal]))) {
      for (const record of records) {
        if (shown === options.count) break
        process.stdout.write(`${JSON.stringify(await show(partition, record))}\n`)
        shown += 1
      }
      if (shown === options.count) enough.abort()
    }
    return 0
  } finally {
    await ranges.close()
  }
}

/** The first offset that `--from` means. Throws WRONG_USE. */
export async function startOf(ranges: Ranges, slot: Slot, from: string): Promise<Position> {
  const { first, end } = await ranges.bounds(slot)
  const time = parseTime(from, Date.now())
  if (time !== undefined) return { ...slot, next: await ranges.atTime(slot, time) }
  if (from === 'start') return { ...slot, next: first }
  if (from === 'end') return { ...slot, next: end }
  if (/^\d+$/.test(from)) return { ...slot, next: Math.min(Math.max(Number(from), first), end) }
  throw new PipelineError(
    'WRONG_USE',
    `--from: "${from}" is not start, end, an offset, an ISO time or an age such as 10m`,
  )
}

const AGE_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds since the epoch of an ISO time or an age before `now`; `undefined` if the text is neither. */
export function parseTime(text: string, now: number): number | undefined {
  const age = /^(\d+)([smhd])$/.exec(text)
  if (age !== null) return now - Number(age[1]) * (AGE_MS[age[2] ?? ''] ?? 0)
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)) ? Date.parse(text) : undefined
}

/** Answers a function that shows one record; schemas it does not know yet are asked for once. */
function printer(topic: string, registry: Registry): (partition: number, record: Incoming) => Promise<object> {
  const schema = Object.values(catalogue(1)).find(({ name }) => name === topic)?.schema
  const decoder = schema === undefined ? undefined : decoderOf(registry, schema)
  return async (partition, record) => ({
    partition,
    offset: record.offset,
    timestamp: toIso(fromMillis(record.timestampMs)),
    key: record.key?.toString() ?? null,
    ...(record.headers !== undefined && record.headers.length > 0
      ? { headers: Object.fromEntries(record.headers.map(([name, value]) => [name, value.toString()])) }
      : {}),
    value: decoder === undefined ? (record.value?.toString() ?? null) : await decoded(decoder, record.value),
  })
}

function decoderOf(registry: Registry, schema: SchemaName): Decoder<unknown> {
  switch (schema) {
    case 'Tick':
      return opening(registry.decoder(tickCodec))
    case 'Candle':
      return registry.decoder(candleCodec)
    case 'Opportunity':
      return registry.decoder(opportunityCodec)
    case 'Match':
      return registry.decoder(matchCodec)
    case 'Alert':
      return registry.decoder(alertCodec)
    case 'ServiceHeartbeat':
      return registry.decoder(serviceHeartbeatCodec)
    case 'SystemEvent':
      return registry.decoder(systemEventCodec)
  }
}

/** A control document is shown as a processor sees it: its body opened. */
export const opening = (ticks: Decoder<Tick>): Decoder<unknown> => ({
  learn: (id) => ticks.learn(id),
  decode(bytes) {
    const result = ticks.decode(bytes)
    if (result.kind !== 'value' || result.value.payload.kind !== 'control') return result
    const open = openTick(result.value)
    return 'fault' in open ? result : { ...result, value: open }
  },
})

async function decoded(decoder: Decoder<unknown>, value: Buffer | null): Promise<unknown> {
  const result = decoder.decode(value)
  if (result.kind === 'value') return result.value
  if (result.kind === 'unknown-schema' && (await decoder.learn(result.id))) return decoded(decoder, value)
  return {
    undecodable: result.kind === 'fault' ? result.reason : `schema ${result.id}`,
    base64: value?.toString('base64') ?? null,
  }
}
