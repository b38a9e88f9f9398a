import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { expect, inject, test } from 'vitest'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

test('C8: a topic that stays away for 30 s is named, its records are refused and counted, the others lose nothing', async () => {
  const [healthy, doomed] = [await freshTopic(brokers), await freshTopic(brokers)]
  const unhealthy: string[] = []
  const writer = await openWriter({
    ...TICKS_WRITER,
    ...kafkaOptions(brokers, { observer: { unhealthy: (reason) => unhealthy.push(reason) } }),
  })
  let sent = 0
  const load = setInterval(() => {
    writer.offer(outgoing(doomed, 0, String(sent)))
    writer.offer(outgoing(healthy, 0, String(sent++)))
  }, 10)
  await sleep(500)
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [doomed] })
  await admin.disconnect()
  const waiting = writer.append([outgoing(doomed, 0, 'awaited')]).catch((error: unknown) => error)
  expect(await waiting).toMatchObject({ code: 'TOPIC_MISSING', message: expect.stringContaining(doomed) })
  await sleep(500)
  expect(unhealthy).toContainEqual(expect.stringContaining(doomed))
  expect(writer.offer(outgoing(doomed, 0, 'refused'))).toBe(false)
  await expect(writer.append([outgoing(doomed, 0, 'refused')])).rejects.toMatchObject({ code: 'TOPIC_MISSING' })
  clearInterval(load)
  const { unsent, unknown } = await writer.close(2000)
  expect(unsent + unknown).toBeGreaterThan(0)
  const ranges = await openRanges(kafkaOptions(brokers))
  const log = (await allOf(ranges, { topic: healthy, partition: 0 })).map(textOf)
  await ranges.close()
  expect([...new Set(log)]).toEqual(Array.from({ length: sent }, (_, n) => String(n)))
})
