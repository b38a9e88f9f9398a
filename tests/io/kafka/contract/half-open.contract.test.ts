import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf, uniqueName } from '../../../support/kafka.ts'
import { startProxy, type KafkaProxy } from '../../../support/proxy.ts'

const { brokers } = inject('stack')
const [broker = ''] = brokers

let proxy: KafkaProxy
beforeAll(async () => {
  proxy = await startProxy(broker)
})
afterAll(async () => proxy?.stop())

describe('a half-open connection: nothing passes and nobody says that it ended', () => {
  test('writer, reader and follow go on by new ones; nothing is missing, first copies keep their order', async () => {
    const topic = await freshTopic(brokers)
    const options = kafkaOptions(brokers, { connect: proxy.connect })
    const writer = await openWriter({ ...TICKS_WRITER, ...options })
    const reader = openReader({ ...options, groupId: uniqueName('group'), topic })
    const handled: string[] = []
    const running = reader.run({
      assigned: async () => handled.length,
      async batch(_slot, records) {
        handled.push(...records.map(textOf))
        return (records.at(-1)?.offset ?? 0) + 1
      },
      released: () => undefined,
    })
    const ranges = await openRanges(options)
    const stop = new AbortController()
    const followed: string[] = []
    const following = (async () => {
      for await (const { records } of ranges.follow([{ topic, partition: 0, next: 0 }], stop.signal))
        followed.push(...records.map(textOf))
    })()
    let sent = 0
    const load = setInterval(() => void writer.offer(outgoing(topic, 0, String(sent++))), 10)
    await expect.poll(() => Math.min(handled.length, followed.length), { timeout: 20_000 }).toBeGreaterThan(50)
    proxy.freeze()
    const frozenAtMs = performance.now()
    const before = handled.length
    await expect.poll(() => handled.length, { timeout: 30_000 }).toBeGreaterThan(before + 200)
    process.stderr.write(`half-open: records flow again after ${Math.round(performance.now() - frozenAtMs)} ms\n`)
    clearInterval(load)
    expect(await writer.close(20_000)).toEqual({ unsent: 0, unknown: 0 })
    const direct = await openRanges(kafkaOptions(brokers))
    const log = (await allOf(direct, { topic, partition: 0 })).map(textOf)
    await direct.close()
    expect([...new Set(log)]).toEqual(Array.from({ length: sent }, (_, n) => String(n)))
    await expect.poll(() => handled.length, { timeout: 10_000 }).toBe(log.length)
    expect(handled).toEqual(log)
    await expect.poll(() => followed, { timeout: 10_000 }).toEqual(log)
    await reader.close()
    await running
    stop.abort()
    await following
    await ranges.close()
  })
})
