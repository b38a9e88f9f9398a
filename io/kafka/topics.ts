import { PipelineError } from '../../core/errors.ts'
import type { TopicSpec } from '../../schemas/topics.ts'
import { pause, settledWithin } from './backoff.ts'
import { TOPIC_RESOURCE, adminOn, openCluster, type Admin } from './client.ts'
import { faultNames, isTransient, topicMissing, unavailable } from './faults.ts'
import type { Difference, FoundTopic, KafkaOptions, Topics } from './port.ts'
import { configOf, differences, replicasFor } from './topic-config.ts'

/** Throws KAFKA_UNAVAILABLE if no broker answers. */
export async function openTopics(options: KafkaOptions): Promise<Topics> {
  const open = openCluster(options)
  const admin = adminOn(open, options)
  await admin.connect().catch((cause: unknown) => {
    open.sever()
    throw unavailable(`no Kafka broker answers at ${options.brokers.join(', ')}`, cause)
  })

  return {
    ensure: (wanted) => ensure(admin, wanted).catch(translate('cannot create or read topics')),
    describe: (names) => describeExisting(admin, names).catch(translate('cannot read topics')),
    compare: (wanted) => compare(admin, wanted).catch(translate('cannot read topics')),
    async partitions(topic) {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).catch((cause: unknown) => {
        if (faultNames(cause).includes('UNKNOWN_TOPIC_OR_PARTITION')) throw topicMissing(topic, cause)
        return translate(`cannot read the partitions of ${topic}`)(cause)
      })
      return topics
        .flatMap(({ partitions }) => partitions.map(({ partitionId, leader }) => ({ partition: partitionId, leader })))
        .toSorted((a, b) => a.partition - b.partition)
    },
    async dropGroup(group) {
      await admin.deleteGroups([group]).catch((cause: unknown) => {
        const groups = cause instanceof Error && 'groups' in cause && Array.isArray(cause.groups) ? cause.groups : []
        if (groups.length > 0 && groups.every((one: unknown) => codeOf(one) === GROUP_ID_NOT_FOUND)) return
        if (groups.some((one: unknown) => codeOf(one) === NON_EMPTY_GROUP))
          throw new PipelineError('WRONG_USE', `the group ${group} still has members`, { cause })
        translate(`cannot drop the group ${group}`)(cause)
      })
    },
    async close() {
      await settledWithin(1000, admin.disconnect())
      open.sever()
    },
  }
}

const KNOWN_WITHIN_MS = 10_000
const NON_EMPTY_GROUP = 68
const GROUP_ID_NOT_FOUND = 69
const codeOf = (result: unknown): unknown =>
  typeof result === 'object' && result !== null && 'errorCode' in result ? result.errorCode : undefined

async function ensure(admin: Admin, wanted: readonly TopicSpec[]): Promise<readonly Difference[]> {
  const { brokers } = await admin.describeCluster()
  const replicas = replicasFor(brokers.length)
  const existing = new Set(await admin.listTopics())
  const missing = wanted.filter(({ name }) => !existing.has(name))
  // One request per topic: a batch that fails says nothing about those another process created meanwhile.
  for (const spec of missing) {
    const topic = {
      topic: spec.name,
      numPartitions: spec.partitions,
      replicationFactor: replicas,
      configEntries: Object.entries(configOf(spec, replicas)).map(([name, value]) => ({ name, value })),
    }
    await admin.createTopics({ topics: [topic] }).catch((error: unknown) => {
      // It is created, and the broker that was asked for its leaders knows it a moment later, as below.
      if (!faultNames(error).includes('UNKNOWN_TOPIC_OR_PARTITION')) throw error
    })
  }
  const found = await describeOnceKnown(
    admin,
    wanted.map(({ name }) => name),
  )
  return wanted.flatMap((spec) => {
    const topic = found.get(spec.name)
    return topic === undefined ? [] : differences(spec, replicas, topic)
  })
}

async function compare(admin: Admin, wanted: readonly TopicSpec[]): Promise<readonly Difference[]> {
  const { brokers } = await admin.describeCluster()
  const found = await describeExisting(
    admin,
    wanted.map(({ name }) => name),
  )
  return wanted.flatMap((spec) => {
    const topic = found.get(spec.name)
    return topic === undefined
      ? [{ topic: spec.name, setting: 'topic', wanted: 'present', found: 'missing' }]
      : differences(spec, replicasFor(brokers.length), topic)
  })
}

/** A name of no topic makes the request for all fail, so only existing ones are asked for. */
async function describeExisting(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, FoundTopic>> {
  const existing = new Set(await admin.listTopics())
  const present = names.filter((name) => existing.has(name))
  return present.length === 0 ? new Map() : describe(admin, present)
}

/** A topic that was just created is known to all parts of a broker a moment later only. */
async function describeOnceKnown(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, FoundTopic>> {
  const deadline = performance.now() + KNOWN_WITHIN_MS
  for (;;) {
    try {
      return await describe(admin, names)
    } catch (error) {
      if (!faultNames(error).includes('UNKNOWN_TOPIC_OR_PARTITION') || performance.now() > deadline) throw error
      await pause(100)
    }
  }
}

async function describe(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, FoundTopic>> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [...names] })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: TOPIC_RESOURCE, name })),
  })
  const configs = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  )
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      {
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 0,
        config: configs.get(name) ?? new Map<string, string>(),
      },
    ]),
  )
}

const translate =
  (what: string) =>
  (cause: unknown): never => {
    if (cause instanceof PipelineError) throw cause
    if (isTransient(cause)) throw unavailable(what, cause)
    throw new PipelineError('KAFKA_UNAVAILABLE', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
