import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf } from '../../../support/kafka.ts'
import { PRODUCE, startProxy, type KafkaProxy } from '../../../support/proxy.ts'

const { brokers } = inject('stack')
const [broker = ''] = brokers
const FIRST = 100
const TOTAL = 1000
const DEADLINE_MS = 2000

let proxy: KafkaProxy
beforeEach(async () => {
  proxy = await startProxy(broker)
})
afterEach(() => proxy?.stop())

/** Loses the broker with one batch in flight and the rest queued, closes, and writes what did not go with a new writer. */
async function restart(loseBroker: () => void) {
  const topic = await freshTopic(brokers)
  const slot = { topic, partition: 0 }
  const text = (n: number): string => String(n)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers, { connect: proxy.connect }) })
  await writer.append([outgoing(topic, 0, 'before')])
  let inFlight = 0
  const pass = proxy.onRequest
  proxy.onRequest = (apiKey, bytes) => {
    if (apiKey === PRODUCE) inFlight += 1
    return pass(apiKey, bytes)
  }
  loseBroker()
  for (let n = 0; n < FIRST; n++) writer.offer(outgoing(topic, 0, text(n)))
  await expect.poll(() => inFlight).toBe(1)
  for (let n = FIRST; n < TOTAL; n++) writer.offer(outgoing(topic, 0, text(n)))
  const startedAt = performance.now()
  const counts = await writer.close(DEADLINE_MS)
  const tookMs = performance.now() - startedAt
  expect(writer.offer(outgoing(topic, 0, 'late'))).toBe(false)

  const ranges = await openRanges(kafkaOptions(brokers))
  const stored = (await allOf(ranges, slot)).map(textOf)
  // Whoever kept what was not acknowledged sends it again: at least once, in order.
  const next = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  for (let n = 0; n < TOTAL; n++) next.offer(outgoing(topic, 0, text(n)))
  expect(await next.close(5000)).toEqual({ unsent: 0, unknown: 0 })
  const log = (await allOf(ranges, slot)).map(textOf)
  await ranges.close()
  expect([...new Set(log)]).toEqual(['before', ...Array.from({ length: TOTAL }, (_, n) => text(n))])
  return { counts, tookMs, stored: stored.length - 1 }
}

describe('C16: closed within 2 s with the broker away', () => {
  test('what was stored without an answer is unknown, what never left is unsent', async () => {
    const { counts, tookMs, stored } = await restart(() => {
      proxy.isHolding = true
    })
    expect(counts).toEqual({ unsent: TOTAL - FIRST, unknown: FIRST })
    expect(stored).toBe(FIRST)
    expect(tookMs).toBeLessThan(DEADLINE_MS + 2000)
  })

  test('what was lost on its way is unknown too', async () => {
    const { counts, tookMs, stored } = await restart(() => {
      const count = proxy.onRequest
      proxy.onRequest = (apiKey, bytes) => {
        count(apiKey, bytes)
        return 'cut'
      }
    })
    expect(counts).toEqual({ unsent: TOTAL - FIRST, unknown: FIRST })
    expect(stored).toBe(0)
    expect(tookMs).toBeLessThan(DEADLINE_MS + 2000)
  })
})
