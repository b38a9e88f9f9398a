import { PipelineError } from '../core/errors.ts'
import { loadConfig } from '../io/config.ts'
import type { Environment } from '../io/environment.ts'
import type { Offset, Slot } from '../io/kafka/port.ts'
import { openSnapshotStore } from '../io/processor/snapshot-store.ts'
import { catalogue, type Catalogue } from '../schemas/topics.ts'
import { openBar, type Bar } from './replay-bar.ts'
import { openReplayLog, type LogPlace, type ReplayLog } from './replay-log.ts'
import { marketReplay } from './replay-market.ts'
import { checkOffsets, parseWhere, type Where } from './replay-range.ts'
import { describeResult, describeTotals, plainResult, type NotComparable } from './replay-report.ts'
import { rangeOf, type Replay } from './replay-rerun.ts'
import { verifyPartition, type Verified } from './replay-verify.ts'

export const EXIT_DIFFERENT = 1
export const EXIT_NOT_COMPARABLE = 3

/** Processors that can be run again. */
export const REPLAYED = ['market'] as const

export type ReplayOptions = LogPlace & {
  readonly processor: string
  readonly partition: number | undefined
  readonly from: string
  readonly to: string
}

/** What a command that runs over a range has at hand. */
export type ReplayDeps = {
  readonly log: ReplayLog
  readonly topics: Catalogue
  readonly inverses: ReadonlySet<string>
  readonly partitions: readonly number[]
  readonly ends: { readonly from: Where; readonly to: Where }
  readonly bar: Bar
  /** A line of what was found. */
  readonly print: (line: string) => void
}

/** Opens the log, acts, closes it. Throws WRONG_USE on a processor or a partition that is not there. */
export async function withReplay(
  environment: Environment,
  options: ReplayOptions,
  act: (deps: ReplayDeps) => Promise<number>,
): Promise<number> {
  if (!REPLAYED.some((name) => name === options.processor))
    throw new PipelineError('WRONG_USE', `unknown processor "${options.processor}"; there is: ${REPLAYED.join(', ')}`)
  const ends = {
    from: parseWhere('--from', options.from, Date.now()),
    to: parseWhere('--to', options.to, Date.now()),
  }
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const log = await openReplayLog(environment, options)
  const bar = openBar(process.stderr, () => performance.now())
  try {
    const found = await log.partitions(catalogue(config.partitions).ticks.name)
    const partitions = found.filter((one) => options.partition === undefined || one === options.partition)
    if (partitions.length === 0)
      throw new PipelineError(
        'WRONG_USE',
        `there is no partition ${options.partition ?? ''}; there are: ${found.join(', ')}`,
      )
    checkOffsets([ends.from, ends.to], partitions)
    const print = (line: string): void => {
      bar.clear()
      process.stdout.write(`${line}\n`)
    }
    // The log's own count: an archive may be of other days.
    const topics = catalogue(Math.max(...found) + 1)
    return await act({ log, topics, inverses: new Set(config.inverses), partitions, ends, bar, print })
  } finally {
    bar.clear()
    await log.close()
  }
}

/**
 * `crosstide replay verify`: exit code 0 equal, 1 different, 3 not comparable; a difference outweighs what cannot be said. A
 * log that does not answer is no difference either, and where no record was run nothing is equal.
 */
export async function verify(environment: Environment, options: ReplayOptions, json: boolean): Promise<number> {
  try {
    return await withReplay(environment, options, (deps) => verifyPartitions(deps, json))
  } catch (error) {
    process.stderr.write(`crosstide: not comparable: ${unanswered(error)}\n`)
    return EXIT_NOT_COMPARABLE
  }
}

export async function verifyPartitions(deps: ReplayDeps, json: boolean): Promise<number> {
  const { log, topics, inverses, print } = deps
  const replay = marketReplay(log, topics, inverses)
  const totals = { records: 0, outputs: new Map<string, number>() }
  const codes = new Set<number>()
  for (const partition of deps.partitions) {
    const slot = { topic: topics.ticks.name, partition }
    const startedAt = performance.now()
    const verified = await verifyRange(deps, replay, slot).catch(
      (error: unknown) => ({ kind: 'not comparable', reason: unanswered(error) }) as const,
    )
    const tookMs = performance.now() - startedAt
    codes.add(EXIT_CODES[verified.kind])
    print(
      json
        ? JSON.stringify(await plainResult(replay, partition, verified))
        : await describeResult(replay, slot, verified, tookMs),
    )
    if (verified.kind !== 'equal') continue
    totals.records += verified.records
    for (const [topic, count] of verified.outputs) totals.outputs.set(topic, (totals.outputs.get(topic) ?? 0) + count)
  }
  const code = [EXIT_DIFFERENT, EXIT_NOT_COMPARABLE].find((one) => codes.has(one)) ?? 0
  if (code === 0 && totals.records === 0) {
    if (!json) print('not comparable: there is no record in the range, so nothing was compared')
    return EXIT_NOT_COMPARABLE
  }
  if (!json && code === 0) print(describeTotals(totals))
  return code
}

const EXIT_CODES = { equal: 0, different: EXIT_DIFFERENT, 'not comparable': EXIT_NOT_COMPARABLE } as const

async function verifyRange<State, In, Out>(
  { log, topics, ends, bar }: ReplayDeps,
  replay: Replay<State, In, Out>,
  slot: Slot,
): Promise<Verified<Out> | NotComparable> {
  const { partition } = slot
  const processed = await processedTo(log, topics.marketSnapshots.name, partition)
  const resolved = await rangeOf(replay, slot, ends, processed)
  if (resolved.kind !== 'range') return { kind: 'not comparable', reason: resolved.reason }
  return verifyPartition(replay, slot, resolved.range, processed, (part, done, total) =>
    bar.show(`partition ${partition}, ${part}`, done, total),
  )
}

/** Wrong use and bugs are thrown on; else why there is no answer. */
function unanswered(error: unknown): string {
  const isOurs = error instanceof PipelineError && !['WRONG_USE', 'BAD_CONFIG', 'BAD_ENVIRONMENT'].includes(error.code)
  if (!isOurs) throw error
  return `${error.message} [${error.code}]`
}

/** Up to where live's outputs are all on the log, as its newest snapshot says; `undefined`: there is none. */
async function processedTo(log: ReplayLog, topic: string, partition: number): Promise<Offset | undefined> {
  const append = (): never => {
    throw new TypeError('a replay writes no snapshot')
  }
  return (await openSnapshotStore({ topic, ranges: log, append, nowMs: () => 0 }).load(partition))?.next
}
