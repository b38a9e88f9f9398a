import kafkajs from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findJava } from '../../../../dev/java.ts'
import type { Ranges } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openTopics } from '../../../../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { startCluster, type Cluster } from '../../../support/cluster.ts'
import { allOf, kafkaOptions, outgoing, textOf, topicSpec } from '../../../support/kafka.ts'
import { PRODUCE, startProxy, type KafkaProxy } from '../../../support/proxy.ts'

const java = await findJava(process.env)
const PARTITIONS = 6
const RECORDS = 32
const LATE_MS = 900

let cluster: Cluster
let proxies: readonly KafkaProxy[] = []
let ranges: Ranges
beforeAll(async () => {
  if (java === undefined) return
  cluster = await startCluster()
  proxies = await Promise.all(cluster.brokers.map(startProxy))
  for (const proxy of proxies) proxy.isDelayed = (apiKey) => apiKey === PRODUCE
  ranges = await openRanges(kafkaOptions(cluster.brokers))
})
afterEach(() => {
  for (const proxy of proxies) {
    proxy.onRequest = () => 'pass'
    proxy.onAnswer = () => 'pass'
    proxy.answerDelayMs = 0
  }
})
afterAll(async () => {
  await ranges?.close()
  for (const proxy of proxies) await proxy.stop()
  await cluster?.remove()
})

/** Each broker is reached through its own proxy. */
function connect(_host: string, port: number) {
  const proxy = proxies[cluster.brokers.findIndex((broker) => broker.endsWith(`:${port}`))]
  if (proxy === undefined) throw new Error(`no broker at ${port}`)
  return proxy.connect()
}

/** A topic whose slots are led by all three, and the proxies of the leaders of slots 0 and of another. */
async function spreadTopic(): Promise<{ topic: string; first: KafkaProxy; other: KafkaProxy }> {
  const spec = topicSpec({ partitions: PARTITIONS })
  const topics = await openTopics(kafkaOptions(cluster.brokers))
  try {
    expect(await topics.ensure([spec])).toEqual([])
    const leaders = (await topics.partitions(spec.name)).map(({ leader }) => leader)
    expect(new Set(leaders)).toEqual(new Set([1, 2, 3]))
    expect((await topics.describe([spec.name])).get(spec.name)?.config.get('min.insync.replicas')).toBe('2')
    const [first, other] = [...new Set(leaders)].map((node) => proxies[node - 1])
    if (first === undefined || other === undefined) throw new Error('two leaders are needed')
    return { topic: spec.name, first, other }
  } finally {
    await topics.close()
  }
}

function cutOnce(proxy: KafkaProxy, on: 'onRequest' | 'onAnswer'): void {
  let isCut = false
  proxy[on] = (apiKey) => {
    if (apiKey !== PRODUCE || isCut) return 'pass'
    isCut = true
    return 'cut'
  }
}

const texts = Array.from({ length: RECORDS }, (_, n) => String(n))
const byNumber = (a: string, b: string): number => Number(a) - Number(b)
async function stored(topic: string): Promise<readonly string[]> {
  const found: string[] = []
  for (let partition = 0; partition < PARTITIONS; partition++)
    found.push(...(await allOf(ranges, { topic, partition })).map(textOf))
  return found.toSorted(byNumber)
}

async function write(topic: string): Promise<void> {
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(cluster.brokers, { connect }) })
  // The first sends of a producer open its connections.
  await writer.append(texts.map((text, n) => outgoing(topic, n % PARTITIONS, text)))
  expect(await writer.close(5000)).toEqual({ unsent: 0, unknown: 0 })
}

/** One send of stock kafkajs for all leaders, sent again by its caller until it is acknowledged. */
async function stockSend(topic: string, isKeyless: boolean): Promise<void> {
  const kafka = new kafkajs.Kafka({
    brokers: [...cluster.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    socketFactory: ({ host, port, onConnect }) => connect(host, port).once('connect', onConnect),
  })
  const producer = kafka.producer({ idempotent: true, retry: { initialRetryTime: 100, retries: 20 } })
  await producer.connect()
  const messages = texts.map((value, n) => (isKeyless ? { value } : { key: 'key', value, partition: n % PARTITIONS }))
  try {
    await producer.send({ topic, acks: -1, messages })
  } finally {
    await producer.disconnect()
  }
}

describe.skipIf(java === undefined)('C2 and C3: three brokers, RF 3, min ISR 2', () => {
  test('32 explicit records over three leaders, one socket cut before the write: none is missing or doubled', async () => {
    const { topic, first } = await spreadTopic()
    cutOnce(first, 'onRequest')
    await write(topic)
    expect(await stored(topic)).toEqual(texts)
  })

  // What rule W2 is against.
  test('sees what stock kafkajs does with keyless records: what was cut is dealt out anew', async () => {
    const { topic, first } = await spreadTopic()
    cutOnce(first, 'onRequest')
    const outcome = await stockSend(topic, true).then(
      () => 'acknowledged',
      () => 'rejected',
    )
    process.stderr.write(`C2 keyless: ${outcome}, ${(await stored(topic)).length} of ${RECORDS} records\n`)
    expect(await stored(topic)).not.toEqual(texts)
  })

  test.each(['onRequest', 'onAnswer'] as const)(
    "one leader's socket dies (%s) while another answers 900 ms late: none is missing or doubled",
    async (where) => {
      const { topic, first, other } = await spreadTopic()
      cutOnce(first, where)
      other.answerDelayMs = LATE_MS
      await write(topic)
      expect(await stored(topic)).toEqual(texts)
    },
  )

  // What rule W3 is against: the retry is a second send to a leader whose first answer is still on its way.
  test('sees what one send of stock kafkajs for all leaders does: what the late one leads is doubled', async () => {
    const { topic, first, other } = await spreadTopic()
    cutOnce(first, 'onRequest')
    other.answerDelayMs = LATE_MS
    await stockSend(topic, false)
    const found = await stored(topic)
    process.stderr.write(`C3 one send for all leaders: ${found.length} of ${RECORDS} records\n`)
    expect(found.length).toBeGreaterThan(RECORDS)
    expect(new Set(found)).toEqual(new Set(texts))
  })
})
