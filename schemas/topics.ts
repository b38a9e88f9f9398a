/** One topic as the broker must have it. Figures are for the whole topic; the broker counts bytes per partition. */
export type TopicSpec = {
  readonly name: string
  readonly key: string
  /** File name in this folder without `.avsc`; `undefined`: values are not Avro (documents in JSON, dead letters raw). */
  readonly schema: SchemaName | undefined
  readonly partitions: number
  readonly cleanup: 'delete' | 'compact'
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly segmentMs: number
  readonly timestamps: 'LogAppendTime' | 'CreateTime'
  readonly maxMessageBytes: number
}

export type SchemaName = 'Tick' | 'SystemEvent' | 'ServiceHeartbeat'

export type Catalogue = {
  readonly ticks: TopicSpec
  readonly system: TopicSpec
  readonly heartbeats: TopicSpec
  readonly control: TopicSpec
  readonly ticksDeadLetters: TopicSpec
  readonly systemDeadLetters: TopicSpec
  readonly heartbeatsDeadLetters: TopicSpec
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MIB = 1024 * 1024
const GIB = 1024 * MIB

/** Letters are read by people: one partition keeps them in order. Raw frames may be large, hence the message limit. */
const deadLetters = (of: string): TopicSpec => ({
  name: deadLettersOf(of),
  key: 'source topic',
  schema: undefined,
  partitions: 1,
  cleanup: 'delete',
  retentionMs: 30 * DAY_MS,
  retentionBytes: GIB,
  segmentMs: DAY_MS,
  timestamps: 'CreateTime',
  maxMessageBytes: 20 * MIB,
})

/** Where the records of a topic go that could not be read or stored. */
export const deadLettersOf = (topic: string): string => `${topic}.dead-letters`

const events = (name: string, key: string, schema: SchemaName, retentionMs: number): TopicSpec => ({
  name,
  key,
  schema,
  // Few records, and operators want them in one order.
  partitions: 1,
  cleanup: 'delete',
  retentionMs,
  retentionBytes: 256 * MIB,
  segmentMs: DAY_MS,
  timestamps: 'CreateTime',
  maxMessageBytes: MIB,
})

/** The one list of topics; `partitions` is the count shared by all topics that are co-partitioned by base asset. */
export function catalogue(partitions: number): Catalogue {
  const ticks: TopicSpec = {
    name: 'crypto-prices.ticks',
    key: 'base asset; * on broadcasts',
    schema: 'Tick',
    partitions,
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
    // A laptop's disk: about a day of 200 frames/s, an hour of 10,000.
    retentionBytes: 2 * GIB,
    // Retention and replay by time are as sharp as a segment is long.
    segmentMs: HOUR_MS,
    // The broker's clock bounds the partition clock, and no tick is refused for its time.
    timestamps: 'LogAppendTime',
    maxMessageBytes: MIB,
  }
  const system = events('crypto-events.system', 'service', 'SystemEvent', 30 * DAY_MS)
  const heartbeats = events('crypto-events.heartbeats', 'service instance', 'ServiceHeartbeat', DAY_MS)
  return {
    ticks,
    system,
    heartbeats,
    control: {
      name: 'crosstide.control',
      key: 'document id',
      schema: undefined,
      partitions: 1,
      cleanup: 'compact',
      retentionMs: -1,
      retentionBytes: 256 * MIB,
      segmentMs: DAY_MS,
      timestamps: 'CreateTime',
      maxMessageBytes: MIB,
    },
    ticksDeadLetters: deadLetters(ticks.name),
    systemDeadLetters: deadLetters(system.name),
    heartbeatsDeadLetters: deadLetters(heartbeats.name),
  }
}
