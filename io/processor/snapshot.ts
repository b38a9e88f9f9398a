import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { crc32, zstdCompress, zstdDecompress } from 'node:zlib'
import type { Offset } from '../kafka/port.ts'
import type { Tail } from '../kafka/tail.ts'

/** A task's memory between two records: everything up to `next` is in it, nothing after. */
export type Snapshot = {
  readonly codeVersion: number
  /** First input offset that is not in the state, and the fingerprint of the record before it. */
  readonly next: Offset
  readonly tail: Tail | undefined
  /** By output topic: the end of the own output partition after the last acknowledged output below `next`. */
  readonly positions: ReadonlyMap<string, Offset>
  /** {@link packState} of it: only code that wrote it reads it. */
  readonly state: Uint8Array
}

/** One record of the snapshot topic. */
export type Chunk = {
  /** Which snapshot it is of; chunks of two never come together, whoever wrote them. */
  readonly id: string
  readonly index: number
  readonly count: number
  /** CRC-32 of all chunks' bytes, in order. */
  readonly crc: number
  readonly bytes: Buffer
}

/** Below the message limit of 1 MiB, with room for headers. */
const CHUNK_BYTES = 900_000

/**
 * State as bytes: structured clone (exact doubles, Maps, shared references), hence the rule that state is plain data. Not
 * comparable between runs; what must be equal is what a restored task does next. Throws on what cannot be cloned.
 */
export const packState = (state: unknown): Uint8Array => serialize(state)

/**
 * V8 types what it reads as `any`; the code version beside it says whose state it is. `undefined`: another V8 wrote it, whose
 * format this one does not read.
 */
export function unpackState(bytes: Uint8Array): ReturnType<typeof deserialize> {
  try {
    return deserialize(bytes)
  } catch {
    return undefined
  }
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

export const packSnapshot = (snapshot: Snapshot): Promise<Buffer> => compress(serialize(snapshot))

/** `undefined`: whole as they are, the bytes are no snapshot that this program reads. */
export async function unpackSnapshot(bytes: Buffer): Promise<Snapshot | undefined> {
  try {
    return deserialize(await decompress(bytes))
  } catch {
    return undefined
  }
}

export function chunksOf(id: string, packed: Buffer, chunkBytes = CHUNK_BYTES): readonly Chunk[] {
  const count = Math.max(1, Math.ceil(packed.length / chunkBytes))
  const crc = crc32(packed)
  return Array.from({ length: count }, (_, index) => ({
    id,
    index,
    count,
    crc,
    bytes: packed.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  }))
}

/** A snapshot's bytes if all of its chunks are there and whole; a torn one is `undefined`. */
export function assemble(chunks: readonly Chunk[]): Buffer | undefined {
  const [one] = chunks
  if (one === undefined) return undefined
  const { id, count, crc } = one
  const parts = Array.from({ length: count }, (_, index) =>
    chunks.find((chunk) => chunk.id === id && chunk.index === index && chunk.count === count && chunk.crc === crc),
  )
  if (parts.some((part) => part === undefined)) return undefined
  const whole = Buffer.concat(parts.flatMap((part) => part?.bytes ?? []))
  return crc32(whole) === crc ? whole : undefined
}
