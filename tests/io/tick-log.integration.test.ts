import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { createLog } from '../../io/log.ts'
import { newestTickTime } from '../../io/log-tail.ts'
import { createMetrics } from '../../io/metrics.ts'
import { openRegistry } from '../../io/registry.ts'
import { openTickLog } from '../../io/tick-log.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { heartbeat, MOMENT, quote, tick, trade } from '../support/ticks.ts'

const stack = inject('stack')
const PARTITIONS = 3
const name = `tick-log-${Date.now()}`
const standard = catalogue(PARTITIONS)
const topics = {
  ...standard,
  ticks: { ...standard.ticks, name: `${name}.ticks` },
  ticksDeadLetters: { ...standard.ticksDeadLetters, name: `${name}.ticks.dead-letters` },
}
const kafka = { brokers: stack.brokers, clientId: name, log: createLog('test', 'error') }
const registry = openRegistry(stack.registry)
const folder = mkdtempSync(join(tmpdir(), 'crosstide-'))
const journal = join(folder, 'journal')
const lost = (error: Error): never => expect.fail(error.message)

beforeAll(async () => {
  const admin = await openTopics(kafka)
  await admin.ensure([topics.ticks, topics.ticksDeadLetters])
  await registry.register([topics.ticks])
  await admin.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

test('what is offered stands on the log in order, and the journal says where each acknowledged tick stands', async () => {
  expect(await newestTickTime({ kafka, registry, topic: topics.ticks })).toBeUndefined()
  const log = await openTickLog({ kafka, registry, topics, metrics: createMetrics('test', '0'), lost, journal })
  const offered = Array.from({ length: 300 }, (_, ordinal) => {
    const payload = ordinal % 50 === 0 ? heartbeat() : ordinal % 2 === 0 ? quote() : trade({ id: `${ordinal}` })
    return tick(payload, { ordinal, receiveTime: micros(MOMENT + ordinal) })
  })
  for (const one of offered) {
    const partitions = one.payload.kind === 'heartbeat' ? [0, 1, 2] : [one.ordinal % PARTITIONS]
    for (const partition of partitions) expect(log.offer(one, 'BTC', partition)).toBe(true)
  }
  expect(log.letter(new TextEncoder().encode('{"bad"'), [['dlq-stage', 'producer']])).toBe(true)
  await log.settled()
  expect(log.figures().frameToAckP99Ms).toBeGreaterThan(0)
  expect(log.problems()).toEqual([])
  expect(await log.close(4000)).toEqual({ unsent: 0, unknown: 0 })

  const decoder = registry.decoder(tickCodec)
  const ranges = await openRanges(kafka)
  const stored: unknown[] = []
  const ordinals = new Map<number, number[]>()
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const slot = { topic: topics.ticks.name, partition }
    const { first, end } = await ranges.bounds(slot)
    for await (const records of ranges.read(slot, first, end)) {
      for (const { offset, value } of records) {
        let decoded = decoder.decode(value)
        if (decoded.kind === 'unknown-schema') {
          await decoder.learn(decoded.id)
          decoded = decoder.decode(value)
        }
        if (decoded.kind !== 'value') throw new Error(decoded.kind)
        const { exchange, symbol, session, ordinal, payload } = decoded.value
        expect(decoded.value).toEqual(offered[ordinal])
        ordinals.set(partition, [...(ordinals.get(partition) ?? []), ordinal])
        const id = payload.kind === 'trade' ? { id: payload.id } : {}
        stored.push({
          topic: slot.topic,
          partition,
          offset,
          exchange,
          symbol,
          session,
          ordinal,
          kind: payload.kind,
          ...id,
        })
      }
    }
  }
  const letters = { topic: topics.ticksDeadLetters.name, partition: 0 }
  const raw: string[] = []
  for await (const records of ranges.read(letters, 0, 1)) raw.push(...records.map(({ value }) => String(value)))
  await ranges.close()

  expect(stored).toHaveLength(300 + 6 * (PARTITIONS - 1))
  for (const list of ordinals.values()) expect(list).toEqual(list.toSorted((a, b) => a - b))
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n')
  const place = (one: unknown): string => JSON.stringify(one)
  expect(lines.toSorted()).toEqual(stored.map(place).toSorted())
  expect(raw).toEqual(['{"bad"'])
  expect(await newestTickTime({ kafka, registry, topic: topics.ticks })).toBe(MOMENT + 299)
})

// 30 s is how long a topic may take to appear (kafka-client.md section 8).
test('a ticks topic that stays away is the end, by name; until then letters that get through do not hide it', async () => {
  const gone = {
    ...topics,
    ticks: { ...topics.ticks, name: `${name}.gone` },
    ticksDeadLetters: { ...topics.ticksDeadLetters, name: `${name}.gone.dead-letters` },
  }
  const admin = await openTopics(kafka)
  await admin.ensure([gone.ticks, gone.ticksDeadLetters])
  await registry.register([gone.ticks])
  await admin.close()
  const lostWith: unknown[] = []
  const log = await openTickLog({
    kafka: { ...kafka, log: createLog('test', 'silent') },
    registry,
    topics: gone,
    metrics: createMetrics('test', '0'),
    lost: (error) => lostWith.push(error),
    journal: undefined,
  })
  let ordinal = 0
  const load = setInterval(() => {
    log.offer(tick(trade({ id: `${ordinal}` }), { ordinal: ordinal++ }), 'BTC', 0)
    log.letter(new TextEncoder().encode('{"bad"'), [['dlq-stage', 'producer']])
  }, 100)
  await sleep(1000)
  expect(log.problems()).toEqual([])
  const kafkaAdmin = new kafkajs.Kafka({ brokers: [...stack.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await kafkaAdmin.connect()
  await kafkaAdmin.deleteTopics({ topics: [gone.ticks.name] })
  await kafkaAdmin.disconnect()
  await sleep(15_000)
  expect(lostWith).toEqual([])
  expect(log.problems()).toEqual([expect.stringMatching(/acknowledged nothing for 1\d s/)])
  await expect.poll(() => lostWith.length, { timeout: 30_000 }).toBe(1)
  const missing = { code: 'TOPIC_MISSING', retriable: false, message: expect.stringContaining(gone.ticks.name) }
  expect(lostWith).toEqual([expect.objectContaining(missing)])
  await sleep(1000)
  expect(log.problems()).toEqual([expect.stringContaining(gone.ticks.name)])
  clearInterval(load)
  await log.close(1000)
}, 90_000)
