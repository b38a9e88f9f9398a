/** One topic as the broker must have it. Figures are for the whole topic; the broker counts bytes per partition. */
export type TopicSpec = {
  readonly name: string
  readonly key: string
  /** File name in this folder without `.avsc`; `undefined`: values are not Avro (documents in JSON, dead letters raw). */
  readonly schema: SchemaName | undefined
  /** What a new version of the schema may do. */
  readonly compatibility: Compatibility
  readonly partitions: number
  readonly cleanup: 'delete' | 'compact'
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly segmentMs: number
  readonly timestamps: 'LogAppendTime' | 'CreateTime'
  readonly maxMessageBytes: number
}

export type SchemaName = 'Tick' | 'Candle' | 'Opportunity' | 'Match' | 'Alert' | 'SystemEvent' | 'ServiceHeartbeat'

/**
 * BACKWARD: a reader of the newest version reads all that was ever written; readers are upgraded first. FULL: old readers read
 * what newer writers write, too. That is asked where others' programs read on that cannot be upgraded first.
 */
export type Compatibility = 'BACKWARD_TRANSITIVE' | 'FULL_TRANSITIVE'

export type Catalogue = {
  readonly ticks: TopicSpec
  readonly candles: TopicSpec
  readonly opportunities: TopicSpec
  /** Hits of rules. */
  readonly matches: TopicSpec
  /** What is to be told, by rules and services. */
  readonly alerts: TopicSpec
  /** State of the market processor, by partition and chunk. */
  readonly marketSnapshots: TopicSpec
  readonly system: TopicSpec
  readonly heartbeats: TopicSpec
  readonly control: TopicSpec
  readonly ticksDeadLetters: TopicSpec
  readonly candlesDeadLetters: TopicSpec
  readonly opportunitiesDeadLetters: TopicSpec
  readonly matchesDeadLetters: TopicSpec
  readonly alertsDeadLetters: TopicSpec
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
  compatibility: 'BACKWARD_TRANSITIVE',
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
  compatibility: 'BACKWARD_TRANSITIVE',
  // Few records, and operators want them in one order.
  partitions: 1,
  cleanup: 'delete',
  retentionMs,
  retentionBytes: 256 * MIB,
  segmentMs: DAY_MS,
  timestamps: 'CreateTime',
  maxMessageBytes: MIB,
})

/** Derived from ticks and co-partitioned with them: stamped with the partition clock of what caused each record. */
const derived = (name: string, key: string, schema: SchemaName, partitions: number): TopicSpec => ({
  ...events(name, key, schema, 30 * DAY_MS),
  partitions,
})

/** Two generations of a processor's state per partition, so compaction keeps it small (kafka-client.md section 10). */
export const snapshotsOf = (processor: string, partitions: number, prefix = ''): TopicSpec => ({
  name: `${prefix}crosstide.${processor}.snapshots`,
  key: 'generation and chunk',
  schema: undefined,
  compatibility: 'BACKWARD_TRANSITIVE',
  partitions,
  cleanup: 'compact',
  retentionMs: -1,
  retentionBytes: 256 * MIB,
  segmentMs: 600_000,
  timestamps: 'CreateTime',
  maxMessageBytes: MIB,
})

/**
 * The one list of topics; `partitions` is the count shared by all topics that are co-partitioned by base asset, `prefix`
 * stands before every name (a replay for others, a test).
 */
export function catalogue(partitions: number, prefix = ''): Catalogue {
  const ticks: TopicSpec = {
    name: `${prefix}crypto-prices.ticks`,
    key: 'base asset; * on broadcasts',
    schema: 'Tick',
    compatibility: 'BACKWARD_TRANSITIVE',
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
  const system = events(`${prefix}crypto-events.system`, 'service', 'SystemEvent', 30 * DAY_MS)
  const heartbeats = events(`${prefix}crypto-events.heartbeats`, 'service instance', 'ServiceHeartbeat', DAY_MS)
  const candles = derived(`${prefix}crypto-prices.candles`, 'base asset', 'Candle', partitions)
  const opportunities = derived(`${prefix}crypto-events.opportunities`, 'base asset', 'Opportunity', partitions)
  const matches = derived(`${prefix}crypto-events.matches`, 'base asset', 'Match', partitions)
  // A task writes to the partition of its input, as on every derived topic; so alerts of one key stay in one order. Services
  // have no input and go by the key.
  const alerts: TopicSpec = {
    ...derived(`${prefix}crypto-alerts`, 'alert key', 'Alert', partitions),
    compatibility: 'FULL_TRANSITIVE',
    retentionMs: 90 * DAY_MS,
  }
  return {
    ticks,
    candles,
    opportunities,
    matches,
    alerts,
    marketSnapshots: snapshotsOf('market', partitions, prefix),
    system,
    heartbeats,
    control: {
      name: `${prefix}crosstide.control`,
      key: 'document id',
      schema: undefined,
      compatibility: 'BACKWARD_TRANSITIVE',
      partitions: 1,
      cleanup: 'compact',
      retentionMs: -1,
      retentionBytes: 256 * MIB,
      segmentMs: DAY_MS,
      timestamps: 'CreateTime',
      maxMessageBytes: MIB,
    },
    ticksDeadLetters: deadLetters(ticks.name),
    candlesDeadLetters: deadLetters(candles.name),
    opportunitiesDeadLetters: deadLetters(opportunities.name),
    matchesDeadLetters: deadLetters(matches.name),
    alertsDeadLetters: deadLetters(alerts.name),
    systemDeadLetters: deadLetters(system.name),
    heartbeatsDeadLetters: deadLetters(heartbeats.name),
  }
}
