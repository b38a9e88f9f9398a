import { randomBytes } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import type { Outgoing } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openTopics } from '../../../../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { deadLettersOf } from '../../../../schemas/topics.ts'
import { allOf, kafkaOptions, outgoing, textOf, topicSpec } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

test('a record that the broker finds too large becomes a dead letter, whole; those around it are stored once and in order', async () => {
  const spec = topicSpec({ partitions: 2, maxMessageBytes: 20_000 })
  const letters = topicSpec({ name: deadLettersOf(spec.name), maxMessageBytes: 1024 * 1024 })
  const topics = await openTopics(kafkaOptions(brokers))
  expect(await topics.ensure([spec, letters])).toEqual([])
  await topics.close()
  // Random, so that no compression makes it small.
  const huge = randomBytes(50_000)
  const { name: topic } = spec
  const records: readonly Outgoing[] = [
    outgoing(topic, 0, 'a'),
    outgoing(topic, 0, 'b'),
    { ...outgoing(topic, 0, ''), value: huge },
    outgoing(topic, 0, 'c'),
    outgoing(topic, 1, 'z'),
  ]
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  const stored = await writer.append(records)
  expect(stored.toSorted((a, b) => a.partition - b.partition)).toEqual([
    { topic, partition: 0, first: 0, count: 3 },
    { topic, partition: 1, first: 0, count: 1 },
  ])
  expect(await writer.close(1000)).toEqual({ unsent: 0, unknown: 0 })

  const ranges = await openRanges(kafkaOptions(brokers))
  expect((await allOf(ranges, { topic, partition: 0 })).map(textOf)).toEqual(['a', 'b', 'c'])
  expect((await allOf(ranges, { topic, partition: 1 })).map(textOf)).toEqual(['z'])
  const [letter, ...others] = await allOf(ranges, { topic: letters.name, partition: 0 })
  await ranges.close()
  expect(others).toEqual([])
  expect(letter?.value?.equals(huge)).toBe(true)
  expect(Object.fromEntries((letter?.headers ?? []).map(([name, value]) => [name, String(value)]))).toEqual({
    'dlq-topic': topic,
    'dlq-partition': '0',
    'dlq-stage': 'writer',
    'dlq-error': 'MESSAGE_TOO_LARGE',
    'dlq-key': 'key',
  })
})

test('a record whose time the broker refuses becomes a dead letter; those around it are stored once and in order', async () => {
  const spec = topicSpec()
  const letters = topicSpec({ name: deadLettersOf(spec.name) })
  const topics = await openTopics(kafkaOptions(brokers))
  expect(await topics.ensure([spec, letters])).toEqual([])
  await topics.close()
  const { name: topic } = spec
  // Kafka 4 refuses what is stamped more than an hour ahead (KIP-1030).
  const ahead = { ...outgoing(topic, 0, 'ahead'), timestampMs: Date.now() + 2 * 3_600_000 }
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  await writer.append([outgoing(topic, 0, 'a'), ahead, outgoing(topic, 0, 'b')])
  expect(await writer.close(1000)).toEqual({ unsent: 0, unknown: 0 })
  const ranges = await openRanges(kafkaOptions(brokers))
  expect((await allOf(ranges, { topic, partition: 0 })).map(textOf)).toEqual(['a', 'b'])
  const found = await allOf(ranges, { topic: letters.name, partition: 0 })
  await ranges.close()
  expect(found.map(textOf)).toEqual(['ahead'])
  expect(String(found[0]?.headers?.find(([name]) => name === 'dlq-error')?.[1])).toBe('INVALID_TIMESTAMP')
})
