import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Outgoing, Ranges, Writer } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

let topic = ''
let writer: Writer
let ranges: Ranges
beforeAll(async () => {
  topic = await freshTopic(brokers)
  writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  ranges = await openRanges(kafkaOptions(brokers))
})
afterAll(async () => {
  await writer?.close(1000)
  await ranges?.close()
})

describe('C2: what would be dealt out by chance', () => {
  const good = (): Outgoing => outgoing(topic, 0, 'good')
  test.each([
    ['no key', { key: null }],
    ['no partition', { partition: -1 }],
    ['no partition', { partition: 0.5 }],
    ['no time', { timestampMs: Number.NaN }],
    ['a topic name', { topic: 'no/such name' }],
  ])('refuses a record with %s, and the records beside it', async (reason, wrong) => {
    const record = { ...good(), ...wrong }
    await expect(writer.append([good(), record])).rejects.toMatchObject({
      code: 'WRONG_USE',
      message: expect.stringContaining(reason),
    })
    expect(writer.offer(record)).toBe(false)
    expect(await allOf(ranges, { topic, partition: 0 })).toEqual([])
  })

  test('accepts explicit ones and says where they stand', async () => {
    const stored = await writer.append([good(), good()])
    expect(stored).toEqual([{ topic, partition: 0, first: 0, count: 2 }])
    expect((await allOf(ranges, { topic, partition: 0 })).map(textOf)).toEqual(['good', 'good'])
  })
})
