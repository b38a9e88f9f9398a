import { setTimeout as sleep } from 'node:timers/promises'
import { openRanges } from '../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, ownBroker, textOf } from './kafka.ts'

const EVERY_MS = 10
const PARTITIONS = 2
const DRAIN_MS = 15_000

export type Outage = {
  readonly accepted: readonly string[]
  /** First copies of what the log holds, in order, slot by slot. */
  readonly stored: readonly string[]
  readonly refused: number
  readonly repeats: number
  readonly unknown: number
  readonly greatestQueue: number
  readonly unhealthy: readonly string[]
  readonly drainedMs: number
  readonly left: { readonly unsent: number; readonly unknown: number }
}

/** C6: a writer with a small queue keeps being offered 100 records a second while its own broker is down. */
export async function outage(downMs: number, queueRecords: number): Promise<Outage> {
  const broker = await ownBroker()
  try {
    const { brokers } = broker
    const topic = await freshTopic(brokers, { partitions: PARTITIONS })
    const accepted: string[][] = Array.from({ length: PARTITIONS }, () => [])
    const unhealthy: string[] = []
    let [offered, refused, unknown, acknowledged, queue, greatestQueue] = [0, 0, 0, 0, 0, 0]
    const writer = await openWriter({
      ...TICKS_WRITER,
      maxQueueRecords: queueRecords,
      ...kafkaOptions(brokers, {
        observer: {
          acknowledged: (_stored, records) => (acknowledged += records.length),
          unknownOutcome: (_topic, records) => (unknown += records),
          unhealthy: (reason) => unhealthy.push(reason),
        },
      }),
    })
    const load = setInterval(() => {
      const partition = offered % PARTITIONS
      const text = String(offered++)
      if (writer.offer(outgoing(topic, partition, text))) {
        accepted[partition]?.push(text)
        queue = accepted.flat().length - acknowledged
        greatestQueue = Math.max(greatestQueue, queue)
      } else refused += 1
    }, EVERY_MS)
    await sleep(1000)
    await broker.end('SIGKILL')
    await sleep(downMs)
    await broker.start()
    const upAtMs = performance.now()
    clearInterval(load)
    const left = await writer.close(DRAIN_MS)
    const drainedMs = performance.now() - upAtMs

    const ranges = await openRanges(kafkaOptions(brokers))
    const logs: string[][] = []
    for (let partition = 0; partition < PARTITIONS; partition++)
      logs.push((await allOf(ranges, { topic, partition })).map(textOf))
    await ranges.close()
    const stored = logs.flatMap((log) => [...new Set(log)])
    return {
      accepted: accepted.flat(),
      stored,
      refused,
      repeats: logs.flat().length - stored.length,
      unknown,
      greatestQueue,
      unhealthy,
      drainedMs,
      left,
    }
  } finally {
    await broker.remove()
  }
}
