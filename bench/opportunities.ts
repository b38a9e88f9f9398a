import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { formatTable } from '../cli/table.ts'
import { micros } from '../core/time.ts'
import { now } from '../io/clock.ts'
import type { Ranges, Slot } from '../io/kafka/port.ts'
import { recordAt } from '../io/kafka/tail.ts'
import type { Decoder, Registry } from '../io/registry.ts'
import { tickCodec } from '../schemas/codec.ts'
import { opportunityCodec } from '../schemas/derived.ts'
import type { Catalogue } from '../schemas/topics.ts'
import type { Running } from './pipeline.ts'
import { spreadOf, type Spread } from './quantile.ts'

type Deps = { readonly ranges: Ranges; readonly registry: Registry; readonly topics: Catalogue }
type Open = { readonly id: string; readonly cause: Slot & { readonly offset: number }; readonly topicAt: number }

/**
 * From the frame of the record that opened an opportunity to the reader of its topic and to a WebSocket client, on this host,
 * while everything runs at one rate. The hold before an OPEN (minHold) is waiting for time to pass and no part of it.
 */
export async function measureOpens(deps: Deps, running: Running, warmUpMs: number, measureMs: number): Promise<string> {
  const { ranges, registry, topics } = deps
  const opens: Open[] = []
  const clientAt = new Map<string, number>()
  const socket = await subscribe(running.api, clientAt)
  const stop = new AbortController()
  const decoder = registry.decoder(opportunityCodec)
  const { name: topic, partitions } = topics.opportunities
  const slots = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const positions = await Promise.all(slots.map(async (slot) => ({ ...slot, next: (await ranges.bounds(slot)).end })))
  const reading = (async () => {
    for await (const { records } of ranges.follow(positions, stop.signal)) {
      const topicAt = now()
      for (const { value } of records) {
        const one = await decoded(decoder, value)
        if (one?.phase !== 'OPEN') continue
        const { partition, offset } = one.origin
        opens.push({ id: one.opportunityId, cause: { topic: topics.ticks.name, partition, offset }, topicAt })
      }
    }
  })()
  await sleep(warmUpMs)
  const first = opens.length
  await sleep(measureMs)
  stop.abort()
  await reading
  socket.close()
  const measured = opens.slice(first)
  const ticks = registry.decoder(tickCodec)
  const toTopic: number[] = []
  const toClient: number[] = []
  for (const { id, cause, topicAt } of measured) {
    const record = await recordAt(ranges, cause, cause.offset)
    const tick = await decoded(ticks, record?.value ?? null)
    if (tick === undefined) continue
    toTopic.push((topicAt - tick.receiveTime) / 1000)
    const seenAt = clientAt.get(id)
    if (seenAt !== undefined) toClient.push((seenAt - tick.receiveTime) / 1000)
  }
  return formatTable(
    ['frame of OPEN’s origin to', 'opens', 'p50 ms', 'p99 ms'],
    [row('reader of the topic', toTopic), row('WebSocket client', toClient)],
  )
}

function row(name: string, durationsMs: readonly number[]): readonly string[] {
  const spread: Spread | undefined = spreadOf(durationsMs)
  return [name, String(durationsMs.length), spread?.p50Ms.toFixed(1) ?? '-', spread?.p99Ms.toFixed(1) ?? '-']
}

async function decoded<Value>(decoder: Decoder<Value>, value: Buffer | null): Promise<Value | undefined> {
  let decoding = decoder.decode(value)
  if (decoding.kind === 'unknown-schema' && (await decoder.learn(decoding.id))) decoding = decoder.decode(value)
  return decoding.kind === 'value' ? decoding.value : undefined
}

/** Notes when a client first hears of each opportunity. */
async function subscribe(api: string, clientAt: Map<string, number>): Promise<WebSocket> {
  const socket = new WebSocket(`${api.replace(/^http/, 'ws')}/ws`)
  socket.on('message', (content: Buffer) => {
    const arrivedAt = micros(now())
    for (const [, id] of content.toString().matchAll(/"id":"(x:[\d:]+)"/g))
      if (id !== undefined && !clientAt.has(id)) clientAt.set(id, arrivedAt)
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.send('{"type":"subscribe_signals"}')
  return socket
}
