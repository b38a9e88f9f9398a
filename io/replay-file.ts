import { createHash } from 'node:crypto'
import { readFileSync, renameSync, closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import avsc from 'avsc'
import { z } from 'zod'
import type { SchemaName } from '../schemas/topics.ts'
import { MAGIC, long, metadataType } from './archive-file.ts'

const BLOCK_BYTES = 256 * 1024

/** What a replay made, on its way to a file. `value` is for JSON, `wire` what avsc encodes by the schema. */
export type FiledOutput = {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly timestampMs: number
  readonly schema: SchemaName
  readonly value: object
  readonly wire: unknown
}

export type OutputFile = {
  add(output: FiledOutput): void
  /** The file has its name only now: what was there before is replaced. */
  close(): void
}

export const FILE_KINDS = ['.jsonl', '.ndjson', '.avro'] as const

/** Outputs as JSON lines, or as an Avro object container (uncompressed) whose bytes depend on the outputs alone. */
export function createOutputFile(path: string, schemas: readonly SchemaName[]): OutputFile {
  const partial = `${path}.partial`
  const file = openSync(partial, 'w')
  const close = (): void => {
    fsyncSync(file)
    closeSync(file)
    renameSync(partial, path)
  }
  return path.endsWith('.avro') ? container(file, schemas, close) : lines(file, close)
}

function lines(file: number, close: () => void): OutputFile {
  let text = ''
  const flush = (): void => {
    writeSync(file, text)
    text = ''
  }
  return {
    add({ topic, partition, key, timestampMs, value }) {
      text += `${JSON.stringify({ topic, partition, key, timestampMs, value })}\n`
      if (text.length >= BLOCK_BYTES) flush()
    },
    close() {
      flush()
      close()
    },
  }
}

function container(file: number, schemas: readonly SchemaName[], close: () => void): OutputFile {
  const schema = outputSchema(schemas)
  const type = avsc.Type.forSchema(JSON.parse(schema))
  const metadata = { 'avro.codec': Buffer.from('null'), 'avro.schema': Buffer.from(schema) }
  const start = metadataType.toBuffer(metadata)
  // Not random: the same outputs give the same bytes.
  const sync = createHash('sha256').update(start).digest().subarray(0, 16)
  writeSync(file, Buffer.concat([MAGIC, start, sync]))
  let block: Buffer[] = []
  let blockBytes = 0
  const flush = (): void => {
    if (block.length === 0) return
    writeSync(file, Buffer.concat([long.toBuffer(block.length), long.toBuffer(blockBytes), ...block, sync]))
    block = []
    blockBytes = 0
  }
  return {
    add({ topic, partition, key, timestampMs, schema: name, wire }) {
      const encoded = type.toBuffer({
        topic,
        partition,
        key,
        timestamp: timestampMs,
        value: { [`crosstide.${name}`]: wire },
      })
      block.push(encoded)
      blockBytes += encoded.length
      if (blockBytes >= BLOCK_BYTES) flush()
    },
    close() {
      flush()
      close()
    },
  }
}

/** One record around values of several schemas. Types that they share are defined once: Avro allows a name no second time. */
function outputSchema(names: readonly SchemaName[]): string {
  const defined = new Set<string>()
  const values = names.map((name) =>
    definedOnce(JSON.parse(readFileSync(new URL(`../schemas/${name}.avsc`, import.meta.url), 'utf8')), defined),
  )
  return JSON.stringify({
    type: 'record',
    name: 'ReplayedOutput',
    namespace: 'crosstide.replay',
    doc: 'What a processor made of a range of the log, run again.',
    fields: [
      { name: 'topic', type: 'string' },
      { name: 'partition', type: 'int' },
      { name: 'key', type: 'string' },
      { name: 'timestamp', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'value', type: values },
    ],
  })
}

const members = z.record(z.string(), z.unknown())
/** All our types are in it; their files say so once, at the top. */
const NAMESPACE = 'crosstide'

function definedOnce(schema: unknown, defined: Set<string>): unknown {
  if (Array.isArray(schema)) return schema.map((one) => definedOnce(one, defined))
  if (typeof schema !== 'object') return schema
  const type = members.parse(schema)
  const { name, fields } = type
  const isNamed = typeof name === 'string' && (type['type'] === 'record' || type['type'] === 'enum')
  if (isNamed && defined.has(name)) return `${NAMESPACE}.${name}`
  if (isNamed) defined.add(name)
  return {
    ...type,
    ...(isNamed ? { namespace: NAMESPACE } : {}),
    ...(typeof type['type'] === 'object' ? { type: definedOnce(type['type'], defined) } : {}),
    ...(Array.isArray(fields)
      ? {
          fields: fields.map((field: unknown) => {
            const { type: of, ...about } = members.parse(field)
            return { ...about, type: definedOnce(of, defined) }
          }),
        }
      : {}),
    ...('items' in type ? { items: definedOnce(type['items'], defined) } : {}),
    ...('values' in type ? { values: definedOnce(type['values'], defined) } : {}),
  }
}
