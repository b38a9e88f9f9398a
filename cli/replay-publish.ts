import { isDeepStrictEqual } from 'node:util'
import { PipelineError } from '../core/errors.ts'
import { fromMillis, toIso } from '../core/time.ts'
import { schemaIdOf } from '../io/archive-file.ts'
import type { Environment } from '../io/environment.ts'
import type { Incoming, KafkaOptions, Offset, Outgoing, Slot } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../io/kafka/writer.ts'
import { createLog } from '../io/log.ts'
import { readSchemaText } from '../io/registry-subject.ts'
import { openRegistry } from '../io/registry.ts'
import { catalogue, type TopicSpec } from '../schemas/topics.ts'
import { connection } from './endpoints.ts'
import type { ReplayLog } from './replay-log.ts'
import { byTime } from './replay-merge.ts'
import { parseSpeed, publishPaced } from './replay-pace.ts'
import { resolveRange } from './replay-range.ts'
import { copyOf, ensureTargets, resumeFrom, targetSpec } from './replay-target.ts'
import { withReplay, type ReplayDeps, type ReplayOptions } from './replay.ts'
import { stopOnSignal } from './signals.ts'

export type PublishOptions = {
  readonly prefix: string
  /** Times the original pace; infinite: as fast as it goes. */
  readonly speed: number
  readonly withOutputs: boolean
  readonly append: boolean
}

const EXIT_INTERRUPTED = 130
const CLOSE_MS = 5000

/** `crosstide replay publish`: a range of the ticks in topics of its own, for others. */
export async function publish(
  environment: Environment,
  options: ReplayOptions & Omit<PublishOptions, 'speed'> & { readonly speed: string },
): Promise<number> {
  const speed = parseSpeed(options.speed)
  if (!/^[\w-]{1,64}$/.test(options.prefix))
    throw new PipelineError('WRONG_USE', `--prefix: "${options.prefix}" is not made of letters, digits, _ and -`)
  const { brokers, registry } = await connection(environment, options.source)
  const kafka = { brokers, clientId: 'crosstide-replay', log: createLog('cli', 'error') }
  const stopping = new AbortController()
  stopOnSignal(stopping)
  return withReplay(environment, options, (deps) =>
    publishRange({ ...deps, kafka, registry, signal: stopping.signal }, { ...options, speed }),
  )
}

export type PublishDeps = ReplayDeps & {
  /** Where the copies go. */
  readonly kafka: KafkaOptions
  readonly registry: string
  readonly signal: AbortSignal
}

/** Exit code 0: all of it stands there; 130: stopped, and it says where. */
export async function publishRange(deps: PublishDeps, options: PublishOptions): Promise<number> {
  const { topics, kafka, signal, bar, print } = deps
  const names = await kindsOf(deps, options.withOutputs)
  const theirs = catalogue(topics.ticks.partitions, `${options.prefix}.`)
  const specs = names.map((name) => targetSpec(theirs[name], topics.ticks.partitions))
  await createTargets(deps, specs)
  const ranges = await openRanges(kafka)
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafka })
  try {
    const copies: Copy[] = []
    for (const partition of deps.partitions)
      for (const [name, { from, to }] of await sourcesOf(deps, partition, names)) {
        const slot = { topic: topics[name].name, partition }
        const target = theirs[name].name
        const resumed = await resumeFrom(ranges, { topic: target, partition }, slot, options.append)
        // Never a hole: also where --from is an age, which means a later record by now.
        copies.push({ slot, target, from: Math.min(to, resumed ?? from), to })
      }
    const total = copies.reduce((sum, { from, to }) => sum + to - from, 0)
    const progress = (records: number, { timestampMs }: Outgoing): void =>
      bar.show(toIso(fromMillis(timestampMs)).slice(0, 19), records, total)
    const append = (records: readonly Outgoing[]) => writer.append(records)
    const nowMs = (): number => performance.now()
    const done = await publishPaced({ append, nowMs, progress }, merged(deps, copies), options.speed, signal)
    const at = done.last === undefined ? 'nothing' : `up to ${toIso(fromMillis(done.last.timestampMs))}`
    print(
      `${done.records.toLocaleString('en')} records published to ${specs.map((spec) => spec.name).join(', ')}: ${at}`,
    )
    if (!signal.aborted) return 0
    print('stopped; the same command with --append goes on from there')
    return EXIT_INTERRUPTED
  } finally {
    await writer.close(CLOSE_MS)
    await ranges.close()
  }
}

/** What is copied: system events are of those who ran it, not of the market; alerts are for people, once. */
const OUTPUTS = ['candles', 'opportunities', 'matches'] as const
type Kind = 'ticks' | (typeof OUTPUTS)[number]

/** An archive of before there were rules has no matches. */
async function kindsOf({ log, topics }: PublishDeps, withOutputs: boolean): Promise<readonly Kind[]> {
  if (!withOutputs) return ['ticks']
  const there = await Promise.all(OUTPUTS.map(async (name) => (await log.partitions(topics[name].name)).length > 0))
  return ['ticks', ...OUTPUTS.filter((_, index) => there[index])]
}

type Copy = { readonly slot: Slot; readonly target: string; readonly from: Offset; readonly to: Offset }

async function createTargets({ kafka, registry }: PublishDeps, specs: readonly TopicSpec[]): Promise<void> {
  const topics = await openTopics(kafka)
  await ensureTargets(topics, specs).finally(() => topics.close())
  // Values keep the ids they have; others find the schemas by subject.
  await openRegistry(registry).register(specs)
}

/** By kind, the offsets that are of the range: of outputs those stamped between the stamps of its ends. */
async function sourcesOf(
  { log, topics, ends }: PublishDeps,
  partition: number,
  names: readonly Kind[],
): Promise<readonly (readonly [Kind, { readonly from: Offset; readonly to: Offset }])[]> {
  const slot = { topic: topics.ticks.name, partition }
  const resolved = await resolveRange(log, slot, ends, {})
  if (resolved.kind !== 'range') throw new PipelineError('OFFSET_OUT_OF_RANGE', resolved.reason)
  const { range } = resolved
  const { end } = await log.bounds(slot)
  const begins = await stampAt(log, slot, range.from, end)
  const ended = range.to === end ? undefined : await stampAt(log, slot, range.to, end)
  const found: (readonly [Kind, { readonly from: Offset; readonly to: Offset }])[] = []
  for (const name of names) {
    if (name === 'ticks') {
      found.push([name, range])
      continue
    }
    const output = { topic: topics[name].name, partition }
    const bounds = await log.bounds(output)
    const place = async (stamp: number | undefined): Promise<Offset> =>
      stamp === undefined ? bounds.end : log.atTime(output, stamp)
    const from = await place(begins)
    found.push([name, { from, to: Math.max(from, await place(ended)) }])
  }
  return found
}

/** Stamp of the first record at or after an offset; `undefined`: there is none. */
async function stampAt(log: ReplayLog, slot: Slot, offset: Offset, end: Offset): Promise<number | undefined> {
  for await (const [record] of log.read(slot, offset, end)) return record?.timestampMs
  return undefined
}

async function* merged(deps: PublishDeps, copies: readonly Copy[]): AsyncGenerator<Outgoing> {
  const { log, registry } = deps
  const targets = new Map(copies.map(({ slot, target }) => [slot.topic, target]))
  const checked = new Set<number>()
  const slots = copies.map(({ slot, from, to }) => ({ slot, batches: log.read(slot, from, to) }))
  for await (const { slot, record } of byTime(slots)) {
    const id = schemaIdOf(record.value)
    if (id !== undefined && !checked.has(id)) {
      await checkSchema(log, registry, id, record)
      checked.add(id)
    }
    yield copyOf(record, slot, targets.get(slot.topic) ?? slot.topic)
  }
}

/** An archive may be older than the registry: under one id both must mean the same schema. */
async function checkSchema(log: ReplayLog, registry: string, id: number, { offset }: Incoming): Promise<void> {
  const [ours, theirs] = await Promise.all([log.schemaText(id), readSchemaText(registry, id)])
  if (ours === theirs) return
  if (ours !== undefined && theirs !== undefined && isDeepStrictEqual(JSON.parse(ours), JSON.parse(theirs))) return
  throw new PipelineError(
    'SCHEMA_REFUSED',
    `the schema ${id} of record ${offset} is ${theirs === undefined ? 'not in' : 'another one in'} the registry at ${registry}`,
  )
}
