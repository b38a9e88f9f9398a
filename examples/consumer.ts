// Prints every trade with the volume-weighted price of its symbol so far, like consumer.py. node examples/consumer.ts
import { sessionKey } from '../core/sieve.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { createLog } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'
import { tickCodec } from '../schemas/codec.ts'

const [topic = 'crypto-prices.ticks', count = 'Infinity'] = process.argv.slice(2)
const { KAFKA_BROKERS = '127.0.0.1:9092', SCHEMA_REGISTRY_URL = 'http://127.0.0.1:8081/apis/ccompat/v7' } = process.env
const kafka = { brokers: KAFKA_BROKERS.split(','), clientId: 'example', log: createLog('example', 'error') }
const decoder = openRegistry(SCHEMA_REGISTRY_URL).decoder(tickCodec)

const topics = await openTopics(kafka)
const ranges = await openRanges(kafka)
const slots = (await topics.partitions(topic)).map(({ partition }) => ({ topic, partition }))
const starts = await Promise.all(slots.map(async (slot) => ({ ...slot, next: (await ranges.bounds(slot)).first })))
const [seen, sums, stop] = [new Map<string, number>(), new Map<string, [number, number]>(), new AbortController()]
let left = Number(count)
for await (const { partition, records } of ranges.follow(starts, stop.signal)) {
  for (const { value: bytes } of records) {
    let found = decoder.decode(bytes)
    if (found.kind === 'unknown-schema' && (await decoder.learn(found.id))) found = decoder.decode(bytes)
    if (found.kind !== 'value' || left === 0) continue
    const { exchange, session, ordinal, symbol, payload } = found.value
    const key = `${partition} ${sessionKey({ exchange, session })}`
    if (ordinal <= (seen.get(key) ?? -1)) continue // a repeat: records may come twice, never out of order
    seen.set(key, ordinal)
    if (payload.kind !== 'trade') continue
    const [value, volume] = sums.get(symbol) ?? [0, 0]
    sums.set(symbol, [value + payload.price * payload.size, volume + payload.size])
    const [total, size] = sums.get(symbol) ?? [0, 0]
    process.stdout.write(`${JSON.stringify({ exchange, symbol, vwap: total / size })}\n`)
    left -= 1
  }
  if (left === 0) stop.abort()
}
await Promise.all([ranges.close(), topics.close()])
