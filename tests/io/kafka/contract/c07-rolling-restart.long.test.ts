import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { findJava } from '../../../../dev/java.ts'
import type { Offset } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { openTopics } from '../../../../io/kafka/topics.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { startCluster } from '../../../support/cluster.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf, uniqueName } from '../../../support/kafka.ts'

const java = await findJava(process.env)
const PARTITIONS = 6
const ROLL = [
  [1, 'SIGTERM'],
  [2, 'SIGKILL'],
  [3, 'SIGTERM'],
] as const

test.skipIf(java === undefined)(
  'C7: a rolling restart of three brokers, one of them killed: leaders move, nothing is missing, first copies keep their order',
  { timeout: 240_000 },
  async () => {
    const cluster = await startCluster()
    try {
      const { brokers } = cluster
      const topic = await freshTopic(brokers, { partitions: PARTITIONS })
      const handled: string[][] = Array.from({ length: PARTITIONS }, () => [])
      const next = new Map<number, Offset>()
      let [unknown, rebalances, sent, refused] = [0, 0, 0, 0]
      const observer = {
        unknownOutcome: (_topic: string, records: number) => void (unknown += records),
        rebalanced: () => void (rebalances += 1),
      }
      const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers, { observer }) })
      const reader = openReader({ ...kafkaOptions(brokers, { observer }), groupId: uniqueName('group'), topic })
      const running = reader.run({
        assigned: async ({ partition }) => next.get(partition) ?? 0,
        async batch({ partition }, records) {
          handled[partition]?.push(...records.map(textOf))
          const after = (records.at(-1)?.offset ?? 0) + 1
          next.set(partition, after)
          return after
        },
        released: () => undefined,
      })
      const ended = running.catch((error: unknown) => error)
      const topics = await openTopics(kafkaOptions(brokers))
      const leaders = async (): Promise<string> => (await topics.partitions(topic)).map((one) => one.leader).join(' ')
      const seen = [await leaders()]
      const load = setInterval(() => {
        if (!writer.offer(outgoing(topic, sent % PARTITIONS, String(sent++)))) refused += 1
      }, 5)
      await sleep(3000)
      for (const [node, signal] of ROLL) {
        await cluster.end(node, signal)
        // A broker that is away leads nothing: each of the three gives its partitions to the others. A killed one is missed
        // after 3 s, later if it led the quorum.
        await expect.poll(async () => (await leaders()).split(' '), { timeout: 30_000 }).not.toContain(String(node))
        seen.push(await leaders())
        await sleep(2000)
        await cluster.start(node)
        await sleep(3000)
      }
      clearInterval(load)
      expect(await writer.close(20_000)).toEqual({ unsent: 0, unknown: 0 })
      await topics.close()

      const ranges = await openRanges(kafkaOptions(brokers))
      const logs: (readonly string[])[] = []
      for (let partition = 0; partition < PARTITIONS; partition++) {
        // Nothing was trimmed, else `allOf` would begin later and a loss would look like retention.
        expect(await ranges.bounds({ topic, partition })).toMatchObject({ first: 0 })
        logs.push((await allOf(ranges, { topic, partition })).map(textOf))
      }
      await ranges.close()
      await expect
        .poll(() => handled.map((log) => log.length), { timeout: 30_000 })
        .toEqual(logs.map((log) => log.length))
      await reader.close()
      expect(await ended).toBeUndefined()
      const repeats = logs.flat().length - sent
      process.stderr.write(
        `C7: ${sent} records, ${repeats} repeats, ${unknown} of unknown outcome, ${rebalances} rebalances; leaders ${seen.join(' | ')}\n`,
      )
      expect(refused).toBe(0)
      expect(handled).toEqual(logs)
      for (const [partition, log] of logs.entries()) {
        const wanted = Array.from({ length: sent }, (_, n) => n).filter((n) => n % PARTITIONS === partition)
        expect([...new Set(log)]).toEqual(wanted.map(String))
      }
    } finally {
      await cluster.remove()
    }
  },
)
