import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Incoming, Offset } from '../../../../io/kafka/port.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
/** `C15_SECONDS=20 npm run test:long` while developing. */
const SECONDS = Number(process.env['C15_SECONDS'] ?? 600)
const TWIN_SECONDS = 8
const EVERY = 10_000
const PER_SLOT = 50_000
/** One slot as the product writes it, one whose values are views of the whole answer of the broker. */
const CODECS = ['lz4', 'none'] as const
const MIB = 1024 * 1024
/** Of the process after a collection; what one fetch of both slots takes comes and goes. */
const NOISE_MIB = 48

let topic = ''
beforeAll(async () => {
  topic = await freshTopic(brokers, { partitions: CODECS.length })
  for (const [partition, compression] of CODECS.entries()) {
    const writer = await openWriter({ ...PROCESSOR_WRITER, compression, ...kafkaOptions(brokers) })
    for (let n = 0; n < PER_SLOT; n += 5000)
      await writer.append(
        Array.from({ length: 5000 }, (_, i) => outgoing(topic, partition, `record ${n + i} `.padEnd(200, 'x'))),
      )
    await writer.close(5000)
  }
})

const kept: Buffer[] = []
afterAll(() => void (kept.length = 0))

/** Reads the topic over and over and keeps one record of 10,000; answers the process's size, sampled 20 times. */
async function soak(seconds: number, keep: (record: Incoming) => Buffer) {
  kept.length = 0
  let handled = 0
  const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
  const running = reader.run({
    assigned: async () => 0,
    async batch(_slot, records): Promise<Offset> {
      for (const record of records) if (handled++ % EVERY === 0) kept.push(keep(record))
      await sleep(20)
      const next = (records.at(-1)?.offset ?? 0) + 1
      return next >= PER_SLOT ? 0 : next
    },
    released: () => undefined,
  })
  const samples: number[] = []
  for (let n = 0; n < 20; n++) {
    await sleep((seconds * 1000) / 20)
    collect()
    samples.push(process.memoryUsage().rss / MIB)
  }
  await reader.close()
  await running
  return { samples, handled, kept: kept.length }
}

/** The least of a stretch: what is held, without what was just being worked on. */
const least = (samples: readonly number[]): number => Math.min(...samples)

test(
  `C15: a consumer that keeps one record in 10,000 for ${SECONDS} s stays as large as it was`,
  { timeout: (SECONDS + 60) * 1000 },
  async () => {
    const { samples, handled, kept: count } = await soak(SECONDS, ({ value }) => Buffer.from(value ?? ''))
    const [early, late] = [least(samples.slice(2, 8)), least(samples.slice(-6))]
    process.stderr.write(
      `C15: ${handled} records in ${SECONDS} s, ${count} kept, ${early.toFixed()} MiB early, ${late.toFixed()} MiB late, most ${Math.max(...samples).toFixed()}\n`,
    )
    expect(count).toBeGreaterThan(SECONDS)
    expect(late - early).toBeLessThan(NOISE_MIB)
  },
)

// What rule R7 is against: a value is a view of all that was fetched with it.
test(
  'sees what keeping the values themselves does: each holds the answer it came in',
  { timeout: 60_000 },
  async () => {
    const { samples, kept: count } = await soak(TWIN_SECONDS, ({ value }) => value ?? Buffer.alloc(0))
    const grown = (samples.at(-1) ?? 0) - (samples[2] ?? 0)
    process.stderr.write(`C15 twin: ${count} kept in ${TWIN_SECONDS} s, ${grown.toFixed()} MiB more\n`)
    expect(grown).toBeGreaterThan(2 * NOISE_MIB)
  },
)

/** A full collection, whatever flags the process was started with. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc === 'function') gc()
}
