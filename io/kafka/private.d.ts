/*
 * Types of the private files of kafkajs 2.2.4 that `client.ts` uses. A test asserts the hash of those sources, so what is
 * declared here stays true until somebody changes the pinned version.
 */

declare module 'kafkajs/src/cluster/index.js' {
  import type { ISocketFactory, KafkaMessage, Logger, RetryOptions } from 'kafkajs'

  type PartitionLeader = { readonly partitionId: number; readonly leader: number }
  type Fetched = {
    readonly partition: number
    readonly highWatermark: string
    readonly messages: readonly KafkaMessage[]
  }
  type FetchRequest = {
    readonly maxWaitTime: number
    readonly minBytes: number
    readonly maxBytes: number
    readonly isolationLevel: number
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly {
        readonly partition: number
        readonly fetchOffset: string
        readonly maxBytes: number
      }[]
    }[]
  }
  type Broker = {
    /** Throws if a topic or a partition of it has an error. */
    metadata(topics: readonly string[]): Promise<unknown>
    fetch(request: FetchRequest): Promise<{
      /** How long the broker wants to be left alone; what it answers meanwhile is empty. */
      readonly clientSideThrottleTime: number
      readonly responses: readonly { readonly topicName: string; readonly partitions: readonly Fetched[] }[]
    }>
    leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>
  }

  class Cluster {
    constructor(options: {
      readonly logger: Logger
      readonly socketFactory: ISocketFactory
      readonly brokers: readonly string[]
      readonly clientId: string
      readonly connectionTimeout: number
      readonly requestTimeout: number
      readonly enforceRequestTimeout: boolean
      readonly metadataMaxAge: number
      readonly retry: RetryOptions
      readonly allowAutoTopicCreation: boolean
      readonly maxInFlightRequests: number | null
      readonly isolationLevel: number
      readonly instrumentationEmitter?: object
    })
    readonly brokerPool: { createSeedBroker(): Promise<void>; findConnectedBroker(): Promise<Broker> }
    readonly targetTopics: Set<string>
    isConnected(): boolean
    connect(): Promise<void>
    disconnect(): Promise<void>
    refreshMetadata(): Promise<void>
    refreshMetadataIfNecessary(): Promise<void>
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>
    findTopicPartitionMetadata(topic: string): readonly PartitionLeader[]
    findBroker(node: { readonly nodeId: number }): Promise<Broker>
    findGroupCoordinator(group: { readonly groupId: string }): Promise<Broker>
    fetchTopicsOffset(
      topics: readonly {
        readonly topic: string
        readonly partitions: readonly { readonly partition: number }[]
        readonly fromBeginning?: boolean
        readonly fromTimestamp?: number
      }[],
    ): Promise<readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]>
  }
  export = Cluster
}

declare module 'kafkajs/src/producer/index.js' {
  import type { Logger, Producer, RetryOptions } from 'kafkajs'
  import type Cluster from 'kafkajs/src/cluster/index.js'
  const createProducer: (options: {
    readonly cluster: Cluster
    readonly logger: Logger
    readonly retry: RetryOptions
    readonly idempotent: boolean
    readonly createPartitioner: () => (args: {
      readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
      readonly message: { readonly partition: number; readonly leader: number }
    }) => number
  }) => Producer
  export = createProducer
}

declare module 'kafkajs/src/consumer/index.js' {
  import type { Consumer, Logger, RetryOptions } from 'kafkajs'
  import type Cluster from 'kafkajs/src/cluster/index.js'
  const createConsumer: (options: {
    readonly cluster: Cluster
    readonly logger: Logger
    readonly retry: RetryOptions
    readonly instrumentationEmitter: object
    readonly groupId: string
    readonly sessionTimeout: number
    readonly rebalanceTimeout: number
    readonly heartbeatInterval: number
    readonly maxBytesPerPartition: number
    readonly minBytes: number
    readonly maxBytes: number
    readonly maxWaitTimeInMs: number
    readonly isolationLevel: number
    readonly metadataMaxAge: number
  }) => Consumer
  export = createConsumer
}

declare module 'kafkajs/src/admin/index.js' {
  import type { Admin, Logger, RetryOptions } from 'kafkajs'
  import type Cluster from 'kafkajs/src/cluster/index.js'
  const createAdmin: (options: {
    readonly cluster: Cluster
    readonly logger: Logger
    readonly retry: RetryOptions
  }) => Admin
  export = createAdmin
}

declare module 'kafkajs/src/instrumentation/emitter.js' {
  class InstrumentationEventEmitter {
    emit(name: string, payload?: object): void
    addListener(name: string, listener: (event: { readonly payload: object }) => void): () => void
  }
  export = InstrumentationEventEmitter
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { Logger, logCreator } from 'kafkajs'
  const loggers: { createLogger(options: { readonly level: number; readonly logCreator: logCreator }): Logger }
  export = loggers
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    readonly pending: readonly unknown[]
    readonly throttledUntil: number
    scheduleCheckPendingRequests: (this: RequestQueue) => void
  }
  export = RequestQueue
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  class ConsumerGroup {
    recoverFromOffsetOutOfRange: (this: object, error: Error) => Promise<void>
    fetch: (nodeId: string) => Promise<unknown>
  }
  export = ConsumerGroup
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: {
    errorCodes: { type: string; code: number; retriable: boolean; message: string }[]
    createErrorFromCode(code: number): Error
  }
  export = errors
}

declare module 'snappyjs' {
  const snappy: { compress(raw: Buffer): Buffer; uncompress(compressed: Buffer): Buffer }
  export = snappy
}
