import { siftOrigins } from '../../core/origin-sieve.ts'
import { fold, type Origin } from '../../core/processor.ts'
import type { Incoming, Outgoing, Slot } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { PARTITIONS, encodeToy, toy, type ToyTopics } from '../io/processor/toy.ts'
import { allOf, freshTopic, kafkaOptions, uniqueName } from './kafka.ts'

export type WorldTopics = ToyTopics & { readonly snapshots: string }

/** What stands on the output topics, judged by invariant I6 of reliability.md. */
export type Verdict = {
  /** Whether every slot, repeats dropped by the sieve (or not, for the broken twin), holds the bytes of an undisturbed run. */
  readonly isEqual: boolean
  /** Whether nothing is missing yet. */
  readonly isComplete: boolean
  /** Whether all copies of an origin have the same bytes. */
  readonly areCopiesEqual: boolean
  readonly outputs: number
  readonly repeats: number
}

/** Topics of a toy processor's own on a real broker: an input of several partitions, one output co-partitioned, one of one slot. */
export type World = {
  readonly topics: WorldTopics
  /** Writes so many more numbers to every partition. */
  feed(perPartition: number): Promise<void>
  /** Keeps what the input holds now, for verdicts after it was trimmed. */
  remember(): Promise<void>
  /** Topics of another run over the same input. */
  fork(): Promise<WorldTopics>
  /** Where each output slot ends. */
  ends(): Promise<readonly number[]>
  judge(options?: { readonly hasSieve?: boolean; readonly topics?: WorldTopics }): Promise<Verdict>
  close(): Promise<void>
}

const EPOCH_MS = 1_790_000_000_000

export async function toyWorld(brokers: readonly string[], seed: number): Promise<World> {
  const fork = async (numbers: string): Promise<WorldTopics> => ({
    numbers,
    sums: await freshTopic(brokers, { name: uniqueName('sums'), partitions: PARTITIONS }),
    peaks: await freshTopic(brokers, { name: uniqueName('peaks') }),
    snapshots: await freshTopic(brokers, { name: uniqueName('snapshots'), partitions: PARTITIONS, cleanup: 'compact' }),
  })
  const topics = await fork(await freshTopic(brokers, { name: uniqueName('numbers'), partitions: PARTITIONS }))
  const remembered = new Map<number, readonly Incoming[]>()
  const ranges = await openRanges(kafkaOptions(brokers))
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  const random = randomOf(seed)
  let fed = 0

  async function inputOf(slot: Slot): Promise<readonly Incoming[]> {
    const { first } = await ranges.bounds(slot)
    const gone = remembered.get(slot.partition)?.filter(({ offset }) => offset < first) ?? []
    return [...gone, ...(await allOf(ranges, slot))]
  }

  /** By output topic and input partition. */
  async function undisturbed(of: WorldTopics): Promise<ReadonlyMap<string, readonly string[]>> {
    const wanted = new Map<string, string[]>()
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = (await inputOf({ topic: of.numbers, partition })).map(({ offset, timestampMs, value }) => ({
        partition,
        offset,
        timestampMs,
        value: Number(String(value)),
      }))
      for (const topic of [of.sums, of.peaks]) wanted.set(`${topic}/${partition}`, [])
      for (const output of fold(toy(of), records).outputs)
        wanted.get(`${output.topic}/${partition}`)?.push(versionless(String(encodeToy(output))))
    }
    return wanted
  }

  const outputSlots = (of: WorldTopics): readonly Slot[] => [
    ...Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: of.sums, partition })),
    { topic: of.peaks, partition: 0 },
  ]

  return {
    topics,
    async feed(perPartition) {
      const records: Outgoing[] = []
      for (let partition = 0; partition < PARTITIONS; partition++)
        for (let index = 0; index < perPartition; index++)
          records.push({
            topic: topics.numbers,
            partition,
            key: Buffer.from('n'),
            value: Buffer.from(String(Math.floor(random() * 10 * (fed + index + 1)))),
            timestampMs: EPOCH_MS + fed + index,
          })
      fed += perPartition
      await writer.append(records)
    },

    async remember() {
      for (let partition = 0; partition < PARTITIONS; partition++)
        remembered.set(partition, await allOf(ranges, { topic: topics.numbers, partition }))
    },

    fork: () => fork(topics.numbers),
    ends: () => Promise.all(outputSlots(topics).map(async (slot) => (await ranges.bounds(slot)).end)),

    async judge({ hasSieve = true, topics: of = topics } = {}) {
      const wanted = await undisturbed(of)
      const found = new Map<string, string[]>([...wanted.keys()].map((name) => [name, []]))
      const copies = new Map<string, string>()
      let [outputs, repeats, areCopiesEqual] = [0, 0, true]
      for (const slot of outputSlots(of)) {
        const items = (await allOf(ranges, slot)).map(({ value }) => {
          const text = String(value)
          const origin: Origin = JSON.parse(text).origin
          return { origin, text }
        })
        for (const { origin, text } of items) {
          const name = `${slot.topic}/${origin.version}/${origin.partition}/${origin.offset}/${origin.ordinal}`
          if ((copies.get(name) ?? text) !== text) areCopiesEqual = false
          copies.set(name, text)
        }
        const sifted = siftOrigins(new Map(), items)
        repeats += sifted.repeats
        outputs += sifted.fresh.length
        for (const { origin, text } of hasSieve ? sifted.fresh : items)
          found.get(`${slot.topic}/${origin.partition}`)?.push(versionless(text))
      }
      const names = [...wanted.keys()]
      return {
        isEqual: names.every((name) => JSON.stringify(found.get(name)) === JSON.stringify(wanted.get(name))),
        isComplete: names.every((name) => (found.get(name)?.at(-1) ?? '') === (wanted.get(name)?.at(-1) ?? '')),
        areCopiesEqual,
        outputs,
        repeats,
      }
    },

    async close() {
      await writer.close(1000)
      await ranges.close()
    },
  }
}

/** What code of another version wrote is the same but for that number, the toy's step being the same. */
const versionless = (text: string): string => text.replace(/"version":\d+/, '"version":0')

/** mulberry32: a small generator whose whole state is its seed. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
