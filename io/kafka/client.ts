import { connect as connectTcp, type Socket } from 'node:net'
import kafkajs from 'kafkajs'
import type { Admin, CompressionTypes, Consumer, EachBatchPayload, Message, Producer } from 'kafkajs'
import createAdmin from 'kafkajs/src/admin/index.js'
import Cluster from 'kafkajs/src/cluster/index.js'
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js'
import createConsumer from 'kafkajs/src/consumer/index.js'
import InstrumentationEventEmitter from 'kafkajs/src/instrumentation/emitter.js'
import loggers from 'kafkajs/src/loggers/index.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import createProducer from 'kafkajs/src/producer/index.js'
import protocolErrors from 'kafkajs/src/protocol/error.js'
import { lz4, snappyCodec, zstd } from './codecs.ts'
import { LATER_ERRORS } from './error-codes.ts'
import { TOPIC_ERRORS } from './faults.ts'
import { writeTo } from './kafkajs-log.ts'
import type { KafkaOptions, WriterOptions } from './port.ts'

export type { Admin, Cluster, Consumer, EachBatchPayload, Producer }
export type Compression = WriterOptions['compression']

override()

/** A connection of our own to the brokers; every writer, reader, range and admin has one (rule W9). */
export type OpenCluster = {
  readonly cluster: Cluster
  /** Ends the sockets and every retry loop of kafkajs at once; nothing of it is sent afterwards. */
  readonly sever: () => void
}

/** How long kafkajs repeats by itself before we take over: about 9 s where a producer id must survive, 1 s elsewhere. */
const PATIENT = { initialRetryTime: 100, maxRetryTime: 1000, factor: 0.2, multiplier: 2, retries: 12 }
const BRISK = { initialRetryTime: 100, maxRetryTime: 400, factor: 0.2, multiplier: 2, retries: 4 }
export const READ_UNCOMMITTED = 0
const REQUEST_TIMEOUT = 'network.request_timeout'

export function openCluster(options: KafkaOptions, patience: 'patient' | 'brisk' = 'brisk'): OpenCluster {
  const sockets = new Map<Socket, string>()
  let isSevered = false
  const emitter = new InstrumentationEventEmitter()
  // A broker that leaves a request without an answer may be reached by a half-open connection only: kafkajs would go on
  // with the same one, 15 s for each try. What it did append it knows again by its sequence numbers.
  emitter.addListener(REQUEST_TIMEOUT, ({ payload }) => {
    const silent = 'broker' in payload ? payload.broker : undefined
    for (const [socket, broker] of sockets)
      if (broker === silent) socket.destroy(new Error('a request was not answered in time'))
  })
  const cluster = new Cluster({
    logger: loggerOf(options, () => isSevered),
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: 3000,
    requestTimeout: 15_000,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    retry: patience === 'patient' ? PATIENT : BRISK,
    allowAutoTopicCreation: false,
    maxInFlightRequests: patience === 'patient' ? 1 : null,
    // No producer here uses transactions; a foreign hanging one cannot stall us (rule R8).
    isolationLevel: READ_UNCOMMITTED,
    instrumentationEmitter: emitter,
    socketFactory: ({ host, port, onConnect }) => {
      failIfSevered()
      const socket = options.connect?.(host, port) ?? connectTcp({ host, port })
      socket.once('connect', onConnect)
      socket.once('close', () => {
        sockets.delete(socket)
        // kafkajs calls it again at each retry, and on a closed socket Node would add a listener every time.
        socket.unref = () => socket
      })
      socket.setKeepAlive(true, 60_000)
      socket.setNoDelay(true)
      sockets.set(socket, `${host}:${port}`)
      return socket
    },
  })
  // A RangeError is what the retry loops of kafkajs do not repeat.
  const failIfSevered = (): void => {
    if (isSevered) throw new RangeError('the connection to Kafka was closed')
  }
  const guard = (call: () => Promise<void>) => async (): Promise<void> => {
    failIfSevered()
    await call().catch(patience === 'patient' ? endRetries : rethrow)
  }
  cluster.connect = guard(cluster.connect.bind(cluster))
  cluster.refreshMetadata = guard(cluster.refreshMetadata.bind(cluster))
  cluster.refreshMetadataIfNecessary = guard(cluster.refreshMetadataIfNecessary.bind(cluster))
  cluster.brokerPool.createSeedBroker = guard(cluster.brokerPool.createSeedBroker.bind(cluster.brokerPool))
  return {
    cluster,
    sever() {
      if (isSevered) return
      isSevered = true
      for (const socket of sockets.keys()) socket.destroy(new Error('closed by its owner'))
    },
  }
}

/** kafkajs would ask for ever, and meanwhile send nothing to the topics that do exist. */
function endRetries(error: unknown): never {
  if (error instanceof Error && 'type' in error && TOPIC_ERRORS.includes(String(error.type)))
    Object.assign(error, { retriable: false })
  return rethrow(error)
}

function rethrow(error: unknown): never {
  throw error
}

/** What the partitioner of {@link producerOn} reads besides what kafkajs knows. */
export type LaneMessage = Message & { readonly partition: number; readonly leader: number }

/** An idempotent producer that sends a record to its own partition, and only to the leader its lane was made for (W3). */
export function producerOn({ cluster }: OpenCluster, options: KafkaOptions): Producer {
  const leaders = new WeakMap<object, ReadonlyMap<number, number>>()
  return createProducer({
    cluster,
    logger: loggerOf(options, () => false),
    retry: { ...PATIENT, retries: Number.MAX_SAFE_INTEGER },
    idempotent: true,
    createPartitioner: () => {
      return ({ partitionMetadata, message: { partition, leader } }) => {
        let known = leaders.get(partitionMetadata)
        if (known === undefined) {
          known = new Map(partitionMetadata.map((one) => [one.partitionId, one.leader]))
          leaders.set(partitionMetadata, known)
        }
        if (known.get(partition) !== leader) throw new RangeError(`the leader of partition ${partition} moved`)
        return partition
      }
    },
  })
}

export type ConsumerTuning = { readonly groupId: string; readonly minBytes: number; readonly maxWaitMs: number }

export const consumerOn = ({ cluster }: OpenCluster, options: KafkaOptions, tuning: ConsumerTuning): Consumer =>
  createConsumer({
    cluster,
    logger: loggerOf(options, () => false),
    // The reader recovers by itself: kafkajs would come back as a new member, and wait for the old one to expire.
    retry: { ...BRISK, restartOnFailure: async () => false },
    instrumentationEmitter: new InstrumentationEventEmitter(),
    groupId: tuning.groupId,
    sessionTimeout: 10_000,
    rebalanceTimeout: 30_000,
    heartbeatInterval: 2000,
    maxBytesPerPartition: 2 * 1024 * 1024,
    minBytes: tuning.minBytes,
    maxBytes: 16 * 1024 * 1024,
    maxWaitTimeInMs: tuning.maxWaitMs,
    isolationLevel: READ_UNCOMMITTED,
    metadataMaxAge: 300_000,
  })

export const adminOn = ({ cluster }: OpenCluster, options: KafkaOptions): Admin =>
  createAdmin({ cluster, logger: loggerOf(options, () => false), retry: BRISK })

export const TOPIC_RESOURCE = kafkajs.ConfigResourceTypes.TOPIC

export const compressionType = (compression: Compression): CompressionTypes =>
  ({
    none: kafkajs.CompressionTypes.None,
    gzip: kafkajs.CompressionTypes.GZIP,
    snappy: kafkajs.CompressionTypes.Snappy,
    lz4: kafkajs.CompressionTypes.LZ4,
    zstd: kafkajs.CompressionTypes.ZSTD,
  })[compression]

function loggerOf({ log, observer }: KafkaOptions, isQuiet: () => boolean) {
  const write = writeTo(log, (reason) => observer?.unhealthy?.(reason), isQuiet)
  const level = log.isLevelEnabled('debug') ? kafkajs.logLevel.INFO : kafkajs.logLevel.WARN
  return loggers.createLogger({ level, logCreator: () => write })
}

/** Mends kafkajs 2.2.4 in its own files; each change is explained in CONTRIBUTING.md and guarded by the source hash test. */
function override(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4
  CompressionCodecs[CompressionTypes.Snappy] = () => snappyCodec
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstd

  // The original schedules itself every millisecond for ever (tulios/kafkajs #1751): 3 to 5 % CPU per idle client.
  const { scheduleCheckPendingRequests } = RequestQueue.prototype
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfNeeded(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) scheduleCheckPendingRequests.call(this)
  }

  // The original jumps to the first or the last record and says nothing (#580, #1119).
  ConsumerGroup.prototype.recoverFromOffsetOutOfRange = async (error: Error): Promise<void> => {
    throw Object.assign(error, { retriable: false })
  }

  for (const [code, type] of LATER_ERRORS)
    protocolErrors.errorCodes.push({ type, code, retriable: false, message: `The broker answered ${type}` })
}
