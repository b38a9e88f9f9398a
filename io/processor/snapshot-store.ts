import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Incoming, Outgoing, Ranges, Stored } from '../kafka/port.ts'
import { assemble, chunksOf, packSnapshot, unpackSnapshot, type Chunk, type Snapshot } from './snapshot.ts'

/** Where a processor's tasks keep their memory: one compacted partition per input partition. */
export type SnapshotStore = {
  /** The newest complete snapshot; `undefined` if there is none. */
  load(partition: number): Promise<Snapshot | undefined>
  /**
   * Writes one beside the newest, never over it. `alive` is asked before each chunk: `false` leaves it unfinished, which
   * no reader takes. Answers its size in bytes, `undefined` if it was left.
   */
  save(partition: number, snapshot: Snapshot, alive: () => Promise<boolean>): Promise<number | undefined>
}

export type SnapshotStoreDeps = {
  readonly topic: string
  readonly ranges: Pick<Ranges, 'bounds' | 'read'>
  readonly append: (records: readonly Outgoing[]) => Promise<readonly Stored[]>
  readonly nowMs: () => number
  /** Named places where tests end the process. */
  readonly failpoint?: (name: string) => void
  readonly chunkBytes?: number
}

const GENERATIONS = 2
const HEADER = 'snapshot'
const headerSchema = z.object({
  id: z.string(),
  /** Snapshots of a partition are numbered by the one before; the highest complete one is the newest. */
  number: z.number().int(),
  index: z.number().int(),
  count: z.number().int().positive(),
  crc: z.number().int(),
})
type Found = Chunk & { readonly number: number }

export function openSnapshotStore(deps: SnapshotStoreDeps): SnapshotStore {
  const { topic, ranges, append, nowMs, failpoint = () => undefined, chunkBytes } = deps
  /** By partition: the number of the newest snapshot. */
  const newest = new Map<number, number>()
  const raise = (partition: number, number: number): void =>
    void newest.set(partition, Math.max(newest.get(partition) ?? 0, number))

  return {
    async load(partition) {
      const slot = { topic, partition }
      const { first, end } = await ranges.bounds(slot)
      if (first === end) return undefined
      // Keys are few, and compaction lags: the newest record of a key counts.
      const byKey = new Map<string, Found>()
      for await (const records of ranges.read(slot, first, end)) {
        for (const record of records) {
          const chunk = readChunk(record)
          if (chunk !== undefined) byKey.set(String(record.key), chunk)
        }
      }
      const found = [...byKey.values()]
      const numbers = [...new Set(found.map(({ number }) => number))].toSorted((a, b) => b - a)
      // Whoever is slower here, a restore or a snapshot of the life before it: the number never goes back.
      raise(partition, numbers[0] ?? 0)
      for (const number of numbers) {
        const whole = assembleAny(found.filter((chunk) => chunk.number === number))
        const snapshot = whole === undefined ? undefined : await unpackSnapshot(whole)
        if (snapshot !== undefined) return snapshot
      }
      return undefined
    },

    async save(partition, snapshot, alive) {
      const number = (newest.get(partition) ?? 0) + 1
      const packed = await packSnapshot(snapshot)
      for (const { id, index, count, crc, bytes } of chunksOf(randomUUID(), packed, chunkBytes)) {
        if (!(await alive())) return undefined
        const header = Buffer.from(JSON.stringify({ id, number, index, count, crc }))
        await append([
          {
            topic,
            partition,
            key: Buffer.from(`${number % GENERATIONS}/${index}`),
            value: bytes,
            timestampMs: nowMs(),
            headers: [[HEADER, header]],
          },
        ])
        failpoint('snapshot.between_chunks')
      }
      raise(partition, number)
      return packed.length
    },
  }
}

/** Two writers may have used one number: whichever of them is complete. */
function assembleAny(chunks: readonly Found[]): Buffer | undefined {
  for (const id of new Set(chunks.map((chunk) => chunk.id))) {
    const whole = assemble(chunks.filter((chunk) => chunk.id === id))
    if (whole !== undefined) return whole
  }
  return undefined
}

/** `undefined`: not ours, or damaged; the older generation is then the newest complete one. */
function readChunk({ value, headers = [] }: Incoming): Found | undefined {
  const text = headers.find(([name]) => name === HEADER)?.[1]
  if (text === undefined || value === null) return undefined
  try {
    return { ...headerSchema.parse(JSON.parse(String(text))), bytes: value }
  } catch {
    return undefined
  }
}
