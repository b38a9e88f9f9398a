import { PRICES_CHANNEL, RECEIVED, SENT } from './asyncapi-websocket.ts'
import type { SchemaName, TopicSpec } from './topics.ts'

const AVRO = 'application/vnd.apache.avro;version=1.9.0'
const KAFKA_BINDING = '0.5.0'

type Json = Readonly<Record<string, unknown>>

/** What the document is made of; the schemas are the parsed `.avsc` files. */
export type AsyncApiParts = {
  readonly version: string
  readonly topics: readonly TopicSpec[]
  readonly schemas: Readonly<Record<SchemaName, unknown>>
}

/**
 * The AsyncAPI 3.0 document of the topics and of the WebSocket. Seen from crosstide: it sends to the topics and to
 * WebSocket clients, and receives what those ask for.
 */
export function asyncApi({ version, topics, schemas }: AsyncApiParts): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'crosstide',
      version,
      description:
        'Streaming pipeline for crypto markets: one ordered, replayable Kafka log of ticks, and live prices over WebSocket.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: AVRO,
    servers: {
      kafka: {
        host: '127.0.0.1:9092',
        protocol: 'kafka',
        description: 'KAFKA_BROKERS, or the broker of `npm start`.',
        bindings: {
          kafka: {
            schemaRegistryUrl: 'http://127.0.0.1:8081/apis/ccompat/v7',
            schemaRegistryVendor: 'confluent',
            bindingVersion: KAFKA_BINDING,
          },
        },
      },
      websocket: { host: '127.0.0.1:8080', protocol: 'ws', description: 'The API of `npm start`.' },
    },
    channels: { ...Object.fromEntries(topics.map((spec) => [spec.name, topicChannel(spec)])), prices: PRICES_CHANNEL },
    operations: {
      ...Object.fromEntries(
        topics.map(({ name }) => [
          `send ${name}`,
          { action: 'send', channel: { $ref: `#/channels/${pointer(name)}` } },
        ]),
      ),
      sendPrices: { action: 'send', channel: { $ref: '#/channels/prices' }, messages: refs(SENT) },
      receiveSubscriptions: { action: 'receive', channel: { $ref: '#/channels/prices' }, messages: refs(RECEIVED) },
    },
    components: {
      messages: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, avroMessage(name, schema)])),
    },
  }
}

const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

function topicChannel(spec: TopicSpec): Json {
  const message = spec.schema === undefined ? rawMessage(spec) : { $ref: `#/components/messages/${spec.schema}` }
  return {
    address: spec.name,
    servers: [{ $ref: '#/servers/kafka' }],
    messages: { [spec.schema ?? 'record']: message },
    bindings: {
      kafka: {
        topic: spec.name,
        partitions: spec.partitions,
        topicConfiguration: {
          'cleanup.policy': [spec.cleanup],
          ...(spec.cleanup === 'delete' ? { 'retention.ms': spec.retentionMs } : {}),
          'max.message.bytes': spec.maxMessageBytes,
        },
        bindingVersion: KAFKA_BINDING,
      },
    },
    description: `Key: ${spec.key}. At most ${spec.retentionBytes} bytes over all partitions.`,
  }
}

/** Schema ids travel in the payload: byte 0, id (4 bytes, big endian), Avro binary. */
const avroMessage = (name: string, schema: unknown): Json => ({
  name,
  contentType: AVRO,
  payload: { schemaFormat: AVRO, schema },
  bindings: {
    kafka: { schemaIdLocation: 'payload', schemaIdPayloadEncoding: '4', bindingVersion: KAFKA_BINDING },
  },
})

const rawMessage = ({ name, cleanup }: TopicSpec): Json =>
  name.endsWith('.snapshots')
    ? {
        name: 'snapshot',
        summary: "A chunk of a processor's state, for the processor alone.",
        contentType: 'application/octet-stream',
        payload: { type: 'string', format: 'binary' },
      }
    : cleanup === 'compact'
      ? { name: 'document', contentType: 'application/json', payload: { type: 'object' } }
      : {
          name: 'deadLetter',
          summary: 'The bytes of what could not be read or stored; headers say where and why.',
          contentType: 'application/octet-stream',
          payload: { type: 'string', format: 'binary' },
          headers: {
            type: 'object',
            required: ['dlq-topic', 'dlq-stage', 'dlq-error'],
            properties: {
              'dlq-topic': { type: 'string' },
              'dlq-stage': { type: 'string', enum: ['producer', 'sink', 'processor'] },
              'dlq-error': { type: 'string' },
              'dlq-partition': { type: 'string', description: 'Of a record that stands in a topic.' },
              'dlq-offset': { type: 'string', description: 'Of a record that stands in a topic.' },
              'dlq-exchange': { type: 'string', description: 'Of a frame.' },
              'dlq-session': { type: 'string', description: 'Of a frame.' },
              'dlq-receive-time': { type: 'string', description: 'Of a frame; microseconds since the epoch.' },
            },
          },
        }

const refs = (names: readonly string[]): readonly Json[] =>
  names.map((name) => ({ $ref: `#/channels/prices/messages/${name}` }))
