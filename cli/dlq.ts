import { PipelineError } from '../core/errors.ts'
import { fromMillis, toIso } from '../core/time.ts'
import { now } from '../io/clock.ts'
import { loadConfig, type Config } from '../io/config.ts'
import type { Environment, Source } from '../io/environment.ts'
import { getJson } from '../io/http.ts'
import type { KafkaOptions, Ranges } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../io/kafka/writer.ts'
import { createLog } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { openRegistry } from '../io/registry.ts'
import { simulated } from '../producers/adapter.ts'
import { ADAPTERS } from '../producers/adapters.ts'
import { catalogue, deadLettersOf } from '../schemas/topics.ts'
import { letterReplay, type Outcome, type ReplayDeps } from './dlq-replay.ts'
import { connection } from './endpoints.ts'
import { readLetter, sourceOf, type Letter } from './letters.ts'
import { formatTable } from './table.ts'
import { startOf } from './tail.ts'

const DAY_MS = 86_400_000
const LIST_MS = 30_000

export type DlqOptions = {
  readonly from: string
  readonly json: boolean
  readonly dryRun: boolean
  readonly source: Source | undefined
}

/** Letters of a source topic, oldest first. */
export async function* lettersOf(ranges: Ranges, topic: string, from: string, count?: number): AsyncGenerator<Letter> {
  const slot = { topic: deadLettersOf(topic), partition: 0 }
  const { next } = await startOf(ranges, slot, from)
  const { end } = await ranges.bounds(slot)
  const to = Math.min(end, next + (count ?? Infinity))
  for await (const records of ranges.read(slot, next, to)) yield* records.map(readLetter)
}

/** `crosstide dlq list [TOPIC]`: one line per letter, of one source topic or of all. */
export async function dlqList(
  environment: Environment,
  topic: string | undefined,
  options: DlqOptions,
): Promise<number> {
  return withLog(environment, options, async ({ ranges, config }) => {
    const rows = []
    for (const name of topic === undefined ? sourceTopics(config) : [topic])
      for await (const letter of lettersOf(ranges, name, options.from)) {
        const { offset, from, error, value } = letter
        const time = toIso(fromMillis(letter.timestampMs))
        const row = { topic: name, offset, time, stage: from.stage, from: sourceOf(letter), error, bytes: value.length }
        if (options.json) print(JSON.stringify(row))
        else rows.push(row)
      }
    if (rows.length > 0) print(formatTable(Object.keys(rows[0] ?? {}), rows.map(Object.values)))
    return 0
  })
}

/** `crosstide dlq show TOPIC OFFSET`: one letter whole, its bytes as text and, where they are none, base64. */
export async function dlqShow(
  environment: Environment,
  topic: string,
  offset: number,
  options: DlqOptions,
): Promise<number> {
  return withLog(environment, options, async ({ ranges }) => {
    for await (const letter of lettersOf(ranges, topic, String(offset), 1)) {
      if (letter.offset !== offset) break
      const { value, timestampMs, ...rest } = letter
      const text = value.toString()
      const body = Buffer.from(text).equals(value) ? { text } : { base64: value.toString('base64') }
      print(JSON.stringify({ ...rest, time: toIso(fromMillis(timestampMs)), ...body }, undefined, options.json ? 0 : 2))
      return 0
    }
    throw new PipelineError('WRONG_USE', `${deadLettersOf(topic)} has no letter at ${offset}`)
  })
}

/** `crosstide dlq replay TOPIC`: what each letter's stage allows. Answers 1 if letters are left that could not be read. */
export async function dlqReplay(environment: Environment, topic: string, options: DlqOptions): Promise<number> {
  return withLog(environment, options, async ({ ranges, config, kafka, at }) => {
    const writer = await openWriter({ ...TICKS_WRITER, ...kafka })
    const database = openPool(at.database, 'ingest_rw', kafka.log, 1)
    try {
      const deps = {
        topics: catalogue(config.partitions),
        registry: openRegistry(at.registry),
        writer,
        database,
        inverses: new Set(config.inverses),
        instruments: lister(at.simulator),
        now: now(),
        keepsFromMs: Date.now() - config.retentionDays * DAY_MS,
        dryRun: options.dryRun,
      }
      const outcomes = await replayAll(deps, lettersOf(ranges, topic, options.from))
      printOutcomes(outcomes, options.json)
      return exitCode(outcomes)
    } finally {
      await writer.close(5000)
      await database.end()
    }
  })
}

/** One after the other, in the order of the topic. */
export async function replayAll(deps: ReplayDeps, letters: AsyncIterable<Letter>): Promise<readonly Outcome[]> {
  const replay = letterReplay(deps)
  const outcomes: Outcome[] = []
  for await (const letter of letters) outcomes.push(await replay(letter))
  return outcomes
}

export const exitCode = (outcomes: readonly Outcome[]): number =>
  outcomes.some(({ outcome }) => outcome === 'unreadable' || outcome === 'refused') ? 1 : 0

function printOutcomes(outcomes: readonly Outcome[], json: boolean): void {
  if (json) for (const outcome of outcomes) print(JSON.stringify(outcome))
  else if (outcomes.length > 0)
    print(
      formatTable(
        ['offset', 'stage', 'outcome', 'detail'],
        outcomes.map(({ offset, stage, outcome, detail }) => [offset, stage, outcome, detail]),
      ),
    )
}

type Open = {
  readonly ranges: Ranges
  readonly config: Config
  readonly kafka: KafkaOptions
  readonly at: Awaited<ReturnType<typeof connection>>
}

async function withLog(
  environment: Environment,
  { source }: DlqOptions,
  use: (open: Open) => Promise<number>,
): Promise<number> {
  const at = await connection(environment, source)
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const kafka = { brokers: at.brokers, clientId: 'crosstide-dlq', log: createLog('cli', 'error') }
  const ranges = await openRanges(kafka)
  return use({ ranges, config, kafka, at }).finally(() => ranges.close())
}

const sourceTopics = ({ partitions }: Config): readonly string[] =>
  Object.values(catalogue(partitions))
    .filter(({ schema }) => schema !== undefined)
    .map(({ name }) => name)

const lister =
  (simulator: string | undefined): ReplayDeps['instruments'] =>
  (exchange) => {
    const { url, parse } = ADAPTERS[exchange].instruments
    const address = simulator === undefined ? url : simulated(url, exchange, simulator)
    let why = 'no answer'
    return getJson(address, parse, AbortSignal.timeout(LIST_MS), (message) => (why = message)).catch(
      (cause: unknown) => {
        throw new PipelineError('WRONG_USE', `cannot read what ${exchange} lists: ${why}`, { cause })
      },
    )
  }

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
