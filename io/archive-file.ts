import { createHash, type Hash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import avsc from 'avsc'
import { z } from 'zod'
import type { Incoming } from './kafka/port.ts'

const BLOCK_BYTES = 256 * 1024
export const MAGIC = Buffer.from('Obj\u0001')
/** What stands before a value in the wire format: 0 and the schema's id. */
export const HEADER_BYTES = 5

/** How the values of one file are kept: as what their schema says, or as the bytes they are. */
export type ValueKind = {
  /** Schema id; `undefined`: raw bytes. */
  readonly id: number | undefined
  /** Whether it can hold a value: reading it back must give the same bytes. */
  holds(value: Buffer | null): boolean
  readonly schema: object | string
}

export const RAW: ValueKind = { id: undefined, holds: () => true, schema: 'bytes' }

/** Values in the wire format under a registry's schema. */
export function valuesOf(id: number, schemaText: string): ValueKind {
  const schema = JSON.parse(schemaText)
  const type = avsc.Type.forSchema(schema)
  return {
    id,
    schema,
    holds(value) {
      if (value === null) return true
      try {
        const decoded = type.decode(value, HEADER_BYTES)
        return decoded.offset === value.length && type.toBuffer(decoded.value).equals(value.subarray(HEADER_BYTES))
      } catch {
        return false
      }
    },
  }
}

/** The schema id a value names; `undefined` if it is not in the wire format. */
export const schemaIdOf = (value: Buffer | null): number | undefined =>
  value !== null && value.length >= HEADER_BYTES && value[0] === 0 ? value.readInt32BE(1) : undefined

export type Digest = { readonly records: number; readonly sha256: string }

export type ArchiveFile = {
  add(record: Incoming): void
  /** Everything is on the disk; what was added. */
  close(): Digest
}

/** An Avro object container file (zstandard) of one slot's records. Values are copied as they are, without their id. */
export function createArchiveFile(path: string, kind: ValueKind, about: Readonly<Record<string, string>>): ArchiveFile {
  const file = openSync(path, 'wx')
  const digest = createDigest()
  let block: Buffer[] = []
  let blockBytes = 0
  const flush = (): void => {
    if (block.length === 0) return
    const packed = zstdCompressSync(Buffer.concat(block))
    writeSync(file, Buffer.concat([long.toBuffer(block.length), long.toBuffer(packed.length), packed, sync]))
    block = []
    blockBytes = 0
  }
  const metadata = {
    ...about,
    ...(kind.id === undefined ? {} : { 'crosstide.schema.id': String(kind.id) }),
    'avro.codec': 'zstandard',
    'avro.schema': JSON.stringify({ ...RECORD, fields: [...RECORD.fields, valueField(kind)] }),
  }
  const bytes = Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)]))
  const start = metadataType.toBuffer(bytes)
  // Not random: the same records give the same bytes, whoever archives them and however often it was begun.
  const sync = createHash('sha256').update(start).digest().subarray(0, 16)
  writeSync(file, Buffer.concat([MAGIC, start, sync]))
  return {
    add({ offset, timestampMs, key, value, headers = [] }) {
      const head = headType.toBuffer({
        offset,
        timestamp: timestampMs,
        key,
        headers: headers.map(([name, text]) => ({ name, value: text })),
      })
      const kept = value === null ? null : kind.id === undefined ? value : value.subarray(HEADER_BYTES)
      const body = kept === null ? NULL : [SOME, ...(kind.id === undefined ? [long.toBuffer(kept.length)] : []), kept]
      const encoded = Buffer.concat([head, ...body])
      block.push(encoded)
      blockBytes += encoded.length
      digest.add(head, kept)
      if (blockBytes >= BLOCK_BYTES) flush()
    },
    close() {
      flush()
      fsyncSync(file)
      closeSync(file)
      return digest.result()
    },
  }
}

const archived = z.object({
  offset: z.number(),
  timestamp: z.number(),
  key: z.instanceof(Buffer).nullable(),
  headers: z.array(z.object({ name: z.string(), value: z.instanceof(Buffer) })),
  value: z.unknown(),
})

/**
 * Decodes a whole file, value by value, by the schema in it, with the Avro library that others would take: whatever passes
 * can be read by more than us. Throws on a damaged one.
 */
export async function verifyArchiveFile(path: string): Promise<Digest> {
  const digest = createDigest()
  const decoder = avsc.createFileDecoder(path, {
    codecs: {
      zstandard: (packed: Buffer, done: (error: Error | null, block?: Buffer) => void) =>
        done(null, zstdDecompressSync(packed)),
    },
  })
  let values: avsc.Type | undefined
  decoder.on('metadata', (type: avsc.Type) => {
    if (avsc.Type.isType(type, 'record') && 'field' in type && typeof type.field === 'function')
      values = type.field('value').type
  })
  for await (const record of decoder) {
    const { value, ...head } = archived.parse(record)
    const encoded = values?.toBuffer(value)
    if (encoded === undefined) throw new TypeError(`${path}: no field "value"`)
    const isRaw = Buffer.isBuffer(value)
    digest.add(headType.toBuffer(head), value === null ? null : isRaw ? value : encoded.subarray(SOME.length))
  }
  return digest.result()
}

function createDigest(): { add(head: Buffer, value: Buffer | null): void; result(): Digest } {
  const hash: Hash = createHash('sha256')
  let records = 0
  return {
    add(head, value) {
      records += 1
      hash.update(head).update(value === null ? (NULL[0] ?? '') : SOME)
      if (value !== null) hash.update(value)
    },
    result: () => ({ records, sha256: hash.digest('hex') }),
  }
}

const RECORD = {
  type: 'record',
  name: 'ArchivedRecord',
  namespace: 'crosstide.archive',
  doc: "A record of a Kafka topic. Topic and partition are in the file's metadata.",
  fields: [
    { name: 'offset', type: 'long' },
    { name: 'timestamp', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'key', type: ['null', 'bytes'] },
    {
      name: 'headers',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Header',
          fields: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'bytes' },
          ],
        },
      },
    },
  ],
} as const

const valueField = ({ schema }: ValueKind): object => ({ name: 'value', type: ['null', schema] })

export const long = avsc.Type.forSchema('long')
export const metadataType = avsc.Type.forSchema({ type: 'map', values: 'bytes' })
/** A record without its value. */
export const headType = avsc.Type.forSchema(JSON.parse(JSON.stringify(RECORD)))
/** Branches of the union around a value. */
const NULL: readonly Buffer[] = [Buffer.from([0])]
const SOME = Buffer.from([2])
