import { zstdDecompressSync } from 'node:zlib'
import avsc from 'avsc'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'
import { HEADER_BYTES, MAGIC, headType, long, metadataType } from './archive-file.ts'
import type { Incoming } from './kafka/port.ts'

const head = z.object({
  offset: z.int(),
  timestamp: z.int(),
  key: z.instanceof(Buffer).nullable(),
  headers: z.array(z.object({ name: z.string(), value: z.instanceof(Buffer) })),
})
const described = z.object({ fields: z.array(z.object({ name: z.string(), type: z.unknown() })) })
const nullable = z.tuple([z.literal('null'), z.unknown()])
const SYNC_BYTES = 16

/** More than any record of the catalogue; a damaged length shall not ask for all memory. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024
const blockSize = z.object({ count: z.int().min(1), length: z.int().min(0).max(MAX_BLOCK_BYTES) })

/**
 * The records of one archive file as Kafka gave them, byte for byte, block by block. Throws ARCHIVE_DAMAGED on a file that
 * is cut off or was changed. `learned` is told the schema of the values, where they have one, before the first record.
 */
export async function* readArchiveBlocks(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  learned: (id: number, schemaText: string) => void = () => undefined,
): AsyncGenerator<readonly Incoming[]> {
  const damaged = (what: string): PipelineError => new PipelineError('ARCHIVE_DAMAGED', `${name}: ${what}`)
  const input = createInput(bytes, () => damaged('ends in the middle'))
  if (!(await input.take(MAGIC.length)).equals(MAGIC)) throw damaged('is no Avro file')
  const guarded = <Result>(what: string, run: () => Result): Result => {
    try {
      return run()
    } catch (cause) {
      throw new PipelineError('ARCHIVE_DAMAGED', `${name}: ${what}`, { cause })
    }
  }
  const written = await input.decode(metadataType)
  const sync = await input.take(SYNC_BYTES)
  const { values, id, schemaText } = guarded('its header cannot be read', () => headerOf(written))
  const prefix = id === undefined ? undefined : prefixOf(id)
  if (id !== undefined) learned(id, schemaText)
  while (!(await input.isAtEnd())) {
    const [count, length] = [await input.decode(long), await input.decode(long)]
    const block = guarded('a block has no size', () => blockSize.parse({ count, length }))
    const packed = await input.take(block.length)
    if (!(await input.take(SYNC_BYTES)).equals(sync)) throw damaged('lost its marks')
    const records = guarded('a block cannot be read', () =>
      recordsOf(zstdDecompressSync(packed, { maxOutputLength: MAX_BLOCK_BYTES }), block.count, values, prefix),
    )
    yield records
  }
}

/** The type of its values, and the id under which their schema is registered. */
function headerOf(metadata: unknown): {
  readonly values: avsc.Type
  readonly id: number | undefined
  readonly schemaText: string
} {
  const texts = new Map(
    Object.entries(z.record(z.string(), z.instanceof(Buffer)).parse(metadata)).map(([key, text]) => [
      key,
      text.toString(),
    ]),
  )
  if (texts.get('avro.codec') !== 'zstandard') throw new TypeError('not in zstandard')
  const id = texts.get('crosstide.schema.id')
  const { fields } = described.parse(JSON.parse(texts.get('avro.schema') ?? ''))
  const [, schema] = nullable.parse(fields.find(({ name }) => name === 'value')?.type)
  const schemaText = JSON.stringify(schema)
  return {
    values: avsc.Type.forSchema(JSON.parse(schemaText)),
    id: id === undefined ? undefined : Number(id),
    schemaText,
  }
}

function recordsOf(block: Buffer, count: number, values: avsc.Type, prefix: Buffer | undefined): readonly Incoming[] {
  const records: Incoming[] = []
  let at = 0
  const end = (type: avsc.Type): { readonly value: unknown; readonly from: number } => {
    const from = at
    const decoded = type.decode(block, at)
    if (decoded.offset < 0) throw new RangeError('a record ends in the middle')
    at = decoded.offset
    return { value: decoded.value, from }
  }
  for (let n = 0; n < count; n++) {
    const { offset, timestamp: timestampMs, key, headers } = head.parse(end(headType).value)
    const branch = block[at++]
    if (branch !== 0 && branch !== 2) throw new RangeError('a value is of no known kind')
    const found = branch === 0 ? undefined : end(values)
    const value =
      found === undefined
        ? null
        : prefix === undefined
          ? z.instanceof(Buffer).parse(found.value)
          : Buffer.concat([prefix, block.subarray(found.from, at)])
    const record = { offset, key, value, timestampMs }
    records.push(
      headers.length === 0
        ? record
        : { ...record, headers: headers.map(({ name, value: bytes }) => [name, bytes] as const) },
    )
  }
  if (at !== block.length) throw new RangeError('a block holds more than its records')
  return records
}

/** Confluent's framing: 0 and the schema's id. */
function prefixOf(id: number): Buffer {
  const prefix = Buffer.alloc(HEADER_BYTES)
  prefix.writeInt32BE(id, 1)
  return prefix
}

type Input = {
  isAtEnd(): Promise<boolean>
  take(bytes: number): Promise<Buffer>
  decode(type: avsc.Type): Promise<unknown>
}

function createInput(bytes: AsyncIterable<Uint8Array>, cutOff: () => Error): Input {
  const chunks = bytes[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  async function more(): Promise<boolean> {
    const { done, value } = await chunks.next()
    if (done === true) return false
    rest = rest.length === 0 ? Buffer.from(value) : Buffer.concat([rest, value])
    return true
  }
  return {
    async isAtEnd() {
      while (rest.length === 0) if (!(await more())) return true
      return false
    },
    async take(count) {
      // Gathered before they are joined: a block of many chunks is copied once.
      if (rest.length < count) {
        const parts = [rest]
        let length = rest.length
        while (length < count) {
          const { done, value } = await chunks.next()
          if (done === true) throw cutOff()
          parts.push(Buffer.from(value))
          length += value.length
        }
        rest = Buffer.concat(parts)
      }
      const taken = rest.subarray(0, count)
      rest = rest.subarray(count)
      return taken
    },
    async decode(type) {
      for (;;) {
        const { value, offset } = type.decode(rest)
        if (offset >= 0 && rest.length > 0) {
          rest = rest.subarray(offset)
          return value
        }
        if (!(await more())) throw cutOff()
      }
    },
  }
}
