import type { Environment, Source } from '../io/environment.ts'
import { loadConfig } from '../io/config.ts'
import type { Difference, FoundTopic, KafkaOptions } from '../io/kafka/port.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { createLog } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'
import { readSubject, subjectDifferences, type Subject } from '../io/registry-subject.ts'
import { catalogue, type TopicSpec } from '../schemas/topics.ts'
import { connection } from './endpoints.ts'
import { formatTable } from './table.ts'

export const TOPICS_VERBS = ['apply', 'verify', 'describe'] as const
export type TopicsVerb = (typeof TOPICS_VERBS)[number]

export type TopicsDeps = {
  readonly kafka: KafkaOptions
  /** Address of the schema registry. */
  readonly registry: string
  readonly specs: readonly TopicSpec[]
  readonly print: (line: string) => void
}

/** `crosstide topics apply|verify|describe`, on the topics of the catalogue. Answers the exit code. */
export async function topics(
  environment: Environment,
  verb: TopicsVerb,
  options: { readonly json: boolean; readonly source: Source | undefined },
): Promise<number> {
  const { brokers, registry } = await connection(environment, options.source)
  const { partitions } = await loadConfig(environment.CROSSTIDE_CONFIG)
  const deps = {
    kafka: { brokers, clientId: 'crosstide-topics', log: createLog('cli', 'error') },
    registry,
    specs: Object.values(catalogue(partitions)),
    print: (line: string) => void process.stdout.write(`${line}\n`),
  }
  return runTopics(deps, verb, options.json)
}

/** `apply` creates what is missing and alters nothing; both it and `verify` answer 1 if something differs then. */
export async function runTopics(deps: TopicsDeps, verb: TopicsVerb, json: boolean): Promise<number> {
  const open = await openTopics(deps.kafka)
  try {
    switch (verb) {
      case 'apply':
        await open.ensure(deps.specs)
        await openRegistry(deps.registry).register(deps.specs)
        return report(deps, [...(await open.compare(deps.specs)), ...(await subjects(deps))], json)
      case 'verify':
        return report(deps, [...(await open.compare(deps.specs)), ...(await subjects(deps))], json)
      case 'describe':
        await describe(deps, await open.describe(deps.specs.map(({ name }) => name)), json)
        return 0
    }
  } finally {
    await open.close()
  }
}

const subjects = ({ registry, specs }: TopicsDeps): Promise<readonly Difference[]> =>
  subjectDifferences(registry, specs)

function report({ print }: TopicsDeps, differences: readonly Difference[], json: boolean): number {
  if (json) for (const difference of differences) print(JSON.stringify(difference))
  else if (differences.length > 0) {
    const rows = differences.map(({ topic, setting, wanted, found }) => [topic, setting, wanted, found])
    print(formatTable(['topic', 'setting', 'wanted', 'found'], rows))
  }
  return differences.length === 0 ? 0 : 1
}

async function describe(deps: TopicsDeps, found: ReadonlyMap<string, FoundTopic>, json: boolean): Promise<void> {
  const rows = []
  for (const spec of deps.specs) {
    const topic = found.get(spec.name)
    const subject = spec.schema === undefined ? undefined : await readSubject(deps.registry, spec)
    rows.push(rowOf(spec, topic, subject))
  }
  if (json) for (const row of rows) deps.print(JSON.stringify(row))
  else {
    const columns = ['topic', 'partitions', 'replicas', 'cleanup', 'retentionMs', 'retentionBytes', 'schema', 'rule']
    const cells = rows.map((row) => [
      row.topic,
      ...(row.exists
        ? [row.partitions, row.replicas, row.cleanup, row.retentionMs, row.retentionBytes]
        : ['missing', '', '', '', '']),
      row.schema === undefined ? '' : `${row.schema} (${row.versions.length})`,
      row.compatibility,
    ])
    deps.print(formatTable(columns, cells))
  }
}

/** Bytes are per partition, as the broker counts them. */
const rowOf = (spec: TopicSpec, topic: FoundTopic | undefined, subject: Subject | undefined) => ({
  topic: spec.name,
  key: spec.key,
  exists: topic !== undefined,
  partitions: topic?.partitions,
  replicas: topic?.replicas,
  cleanup: topic?.config.get('cleanup.policy'),
  retentionMs: topic?.config.get('retention.ms'),
  retentionBytes: topic?.config.get('retention.bytes'),
  schema: spec.schema,
  versions: subject?.versions ?? [],
  compatibility: subject?.compatibility,
})
