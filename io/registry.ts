import { readFileSync } from 'node:fs'
import registryClient from '@kafkajs/confluent-schema-registry'
import avsc from 'avsc'
import { PipelineError } from '../core/errors.ts'
import type { Codec } from '../schemas/codec.ts'
import type { SchemaName, TopicSpec } from '../schemas/topics.ts'

const { COMPATIBILITY, SchemaRegistry, SchemaType } = registryClient

const MAGIC = 0
const HEADER_BYTES = 5
const SLAB_BYTES = 256 * 1024

/** Why a value could not be decoded, as data: a fault goes to the dead letters, an unknown schema is looked up first. */
export type Decoding<Domain> =
  | { readonly kind: 'value'; readonly value: Domain }
  | { readonly kind: 'unknown-schema'; readonly id: number }
  | { readonly kind: 'fault'; readonly reason: string }

export type Decoder<Domain> = {
  /** Synchronous; only schemas that were learned before are known. */
  decode(value: Uint8Array | null): Decoding<Domain>
  /** Asks the registry for a schema; `false` if it has none of that id. Throws REGISTRY_UNAVAILABLE. */
  learn(id: number): Promise<boolean>
}

/** A schema registry that speaks the Confluent REST API. */
export type Registry = {
  /** Registers each topic's schema under `<topic>-value`; idempotent. Throws SCHEMA_REFUSED if it is incompatible. */
  register(topics: readonly TopicSpec[]): Promise<void>
  /** Encodes in the Confluent wire format: 0, schema id (4 bytes, big endian), Avro binary. */
  encoder<Domain, Wire>(topic: string, codec: Codec<Domain, Wire>): Promise<(value: Domain) => Buffer>
  decoder<Domain, Wire>(codec: Codec<Domain, Wire>): Decoder<Domain>
  /** Resolves if the registry answers; throws REGISTRY_UNAVAILABLE. */
  ping(): Promise<void>
}

/** One canonical text per schema: the registry takes another white space or order of attributes for another schema. */
const schemaText = (name: SchemaName): string =>
  JSON.stringify(JSON.parse(readFileSync(new URL(`../schemas/${name}.avsc`, import.meta.url), 'utf8')))

export function openRegistry(host: string): Registry {
  const registry = new SchemaRegistry({ host, retry: { retries: 3, initialRetryTimeInSecs: 0.1 } })
  const ping = async (): Promise<void> => {
    const answer = await fetch(`${host.replace(/\/$/, '')}/subjects`, { signal: AbortSignal.timeout(5000) }).catch(
      (cause: unknown) => unreachable(host, cause),
    )
    if (answer.status >= 500) unreachable(host, new Error(`status ${answer.status}`))
  }
  /** The client reports a refused connection as status 400, so ask the registry itself whether it is there. */
  const refused = async (message: string, cause: unknown): Promise<never> => {
    await ping()
    throw new PipelineError('SCHEMA_REFUSED', `${message}: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
  const subjectOf = (topic: string): string => `${topic}-value`

  return {
    async register(topics) {
      for (const { name, schema, compatibility } of topics) {
        if (schema === undefined) continue
        await registry
          .register(
            { type: SchemaType.AVRO, schema: schemaText(schema) },
            { subject: subjectOf(name), compatibility: COMPATIBILITY[compatibility] },
          )
          .catch((cause: unknown) => refused(`cannot register ${schema} for ${name}`, cause))
      }
    },
    async encoder(topic, codec) {
      const text = schemaText(codec.schema)
      const id = await registry
        .getRegistryIdBySchema(subjectOf(topic), { type: SchemaType.AVRO, schema: text })
        .catch((cause: unknown) => refused(`the schema of ${topic} is not registered; run: crosstide bootstrap`, cause))
      return slabEncoder(id, avsc.Type.forSchema(JSON.parse(text)), codec)
    },
    decoder: (codec) =>
      createDecoder(codec, async (id) => {
        try {
          return await registry.getSchema(id)
        } catch (cause) {
          if (statusOf(cause) === 404) return undefined
          return refused(`cannot read schema ${id}`, cause)
        }
      }),
    ping,
  }
}

/** Encodes into a 256 kB slab; a value is a slice of it, so a slab is never used again once full. */
export function slabEncoder<Domain, Wire>(
  id: number,
  type: avsc.Type,
  codec: Codec<Domain, Wire>,
): (value: Domain) => Buffer {
  let slab = Buffer.allocUnsafe(SLAB_BYTES)
  let used = 0
  return (value) => {
    const wire = codec.toWire(value)
    let end = slab.length - used > HEADER_BYTES ? type.encode(wire, slab, used + HEADER_BYTES) : -1
    if (end < 0) {
      // No room (avsc answers a negative number): a new slab, large enough even for a value above the usual size.
      slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, HEADER_BYTES + type.toBuffer(wire).length))
      used = 0
      end = type.encode(wire, slab, HEADER_BYTES)
    }
    slab.writeUInt8(MAGIC, used)
    slab.writeInt32BE(id, used + 1)
    const record = slab.subarray(used, end)
    used = end
    return record
  }
}

/** `fetchSchema` answers the type that an id stands for, anything else if there is none. */
export function createDecoder<Domain, Wire>(
  codec: Codec<Domain, Wire>,
  fetchSchema: (id: number) => Promise<unknown>,
): Decoder<Domain> {
  const reader = avsc.Type.forSchema(JSON.parse(schemaText(codec.schema)))
  const readers = new Map<number, WireReader>()
  return {
    decode(value) {
      if (value === null) return fault('no value')
      const buffer = Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      if (buffer.length < HEADER_BYTES) return fault('shorter than the wire format header')
      if (buffer[0] !== MAGIC) return fault(`wrong magic byte ${buffer[0]}`)
      const id = buffer.readInt32BE(1)
      const read = readers.get(id)
      if (read === undefined) return { kind: 'unknown-schema', id }
      try {
        const { value: wire, offset } = read(buffer)
        // avsc does not throw on a truncated buffer (offset -1) nor on trailing bytes.
        if (offset !== buffer.length)
          return fault(offset < 0 ? 'truncated' : `${buffer.length - offset} trailing bytes`)
        return { kind: 'value', value: codec.fromWire(wire) }
      } catch (error) {
        return fault(error instanceof Error ? error.message : String(error))
      }
    },
    async learn(id) {
      const writer = await fetchSchema(id)
      if (!(writer instanceof avsc.Type)) return false
      readers.set(id, wireReader(reader, writer))
      return true
    },
  }
}

/** Decodes what `writer` wrote, into the reader's shape. The resolver is made once: building it costs 11 us. */
function wireReader(reader: avsc.Type, writer: avsc.Type): WireReader {
  if (JSON.stringify(reader.schema()) === JSON.stringify(writer.schema()))
    return (buffer) => reader.decode(buffer, HEADER_BYTES)
  const resolver = reader.createResolver(writer)
  return (buffer) => reader.decode(buffer, HEADER_BYTES, resolver)
}

const fault = (reason: string): { readonly kind: 'fault'; readonly reason: string } => ({ kind: 'fault', reason })

const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined

function unreachable(host: string, cause: unknown): never {
  throw new PipelineError('REGISTRY_UNAVAILABLE', `no answer from the schema registry ${host}`, {
    cause,
    retriable: true,
  })
}

/** avsc types what it decodes as `any`; the codec of the same schema gives it its type. */
type WireReader = (buffer: Buffer) => ReturnType<avsc.Type['decode']>
