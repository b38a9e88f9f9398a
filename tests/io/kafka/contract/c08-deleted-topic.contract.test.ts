import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { expect, inject, test } from 'vitest'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

// The half of C8 that does not take 30 s; that the missing topic is named is in the long tests.
test('C8: when a topic is deleted under its producer, the others go on and lose nothing', async () => {
  const [healthy, doomed] = [await freshTopic(brokers), await freshTopic(brokers)]
  const acknowledged: number[] = []
  const writer = await openWriter({
    ...TICKS_WRITER,
    ...kafkaOptions(brokers, {
      observer: { acknowledged: ({ topic }) => void (topic === healthy && acknowledged.push(performance.now())) },
    }),
  })
  let sent = 0
  const load = setInterval(() => {
    writer.offer(outgoing(doomed, 0, String(sent)))
    writer.offer(outgoing(healthy, 0, String(sent++)))
  }, 10)
  await sleep(500)
  await remove(doomed)
  const deletedAtMs = performance.now()
  await sleep(4000)
  clearInterval(load)
  const since = acknowledged.filter((atMs) => atMs > deletedAtMs)
  const gaps = since.map((atMs, index) => atMs - (since[index - 1] ?? deletedAtMs))
  expect(Math.max(...gaps)).toBeLessThan(3000)
  expect(since.length).toBeGreaterThan(20)
  const { unsent, unknown } = await writer.close(1000)
  expect(unsent + unknown).toBeGreaterThan(0)
  const ranges = await openRanges(kafkaOptions(brokers))
  const log = (await allOf(ranges, { topic: healthy, partition: 0 })).map(textOf)
  await ranges.close()
  expect([...new Set(log)]).toEqual(Array.from({ length: sent }, (_, n) => String(n)))
})

// What rules W7 and W8 are against.
test('C8: sees what stock kafkajs does: one deleted topic stops the sends to all others', async () => {
  const [healthy, doomed] = [await freshTopic(brokers), await freshTopic(brokers)]
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
  const producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    metadataMaxAge: 500,
    // As stock kafkajs has it for idempotent producers: for ever. Its own loop ends when the producer is disconnected.
    retry: { initialRetryTime: 100, maxRetryTime: 300 },
  })
  await producer.connect()
  const send = (topic: string) =>
    producer.send({ topic, acks: -1, messages: [{ key: 'key', partition: 0, value: '' }] })
  await Promise.all([send(healthy), send(doomed)])
  await remove(doomed)
  // Nobody sends to the deleted topic any more: that the producer once did is enough. The news of its end takes a moment.
  let outcome = 'acknowledged'
  for (let tries = 0; tries < 10 && outcome === 'acknowledged'; tries++) {
    await sleep(700)
    const answer = send(healthy).then(
      () => 'acknowledged',
      () => 'rejected',
    )
    outcome = await Promise.race([answer, sleep(3000, 'waits')])
  }
  expect(outcome).not.toBe('acknowledged')
  await freshTopic(brokers, { name: doomed })
  await producer.disconnect()
})

async function remove(topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
}
