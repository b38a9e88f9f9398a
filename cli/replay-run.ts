import { resolve } from 'node:path'
import { stampOf } from '../core/partition-clock.ts'
import { PipelineError } from '../core/errors.ts'
import type { Environment } from '../io/environment.ts'
import { FILE_KINDS, createOutputFile, type OutputFile } from '../io/replay-file.ts'
import { marketReplay } from './replay-market.ts'
import { rangeOf, rerun, warmUp } from './replay-rerun.ts'
import { EXIT_NOT_COMPARABLE, withReplay, type ReplayDeps, type ReplayOptions } from './replay.ts'

/** `crosstide replay run`: what a processor makes of a range, in a file; the same range gives the same bytes. */
export async function run(environment: Environment, options: ReplayOptions, out: string): Promise<number> {
  if (!FILE_KINDS.some((kind) => out.endsWith(kind)))
    throw new PipelineError('WRONG_USE', `--out: "${out}" ends in none of ${FILE_KINDS.join(', ')}`)
  return withReplay(environment, options, (deps) => runPartitions(deps, resolve(out)))
}

/** Partition by partition; exit code 3, and no file, if the warm-up of one is trimmed: other outputs would be made than live's. */
export async function runPartitions(deps: ReplayDeps, path: string): Promise<number> {
  const { log, topics, ends, bar, print } = deps
  const replay = marketReplay(log, topics, deps.inverses)
  let file: OutputFile | undefined
  let records = 0
  let outputs = 0
  for (const partition of deps.partitions) {
    const slot = { topic: topics.ticks.name, partition }
    const resolved = await rangeOf(replay, slot, ends)
    const refused = (reason: string): number => {
      print(`not run: ${reason}`)
      return EXIT_NOT_COMPARABLE
    }
    if (resolved.kind !== 'range') return refused(resolved.reason)
    const { range } = resolved
    const warmed = await warmUp(replay, slot, range.from, (part, of, total) =>
      bar.show(`partition ${partition}, ${part}`, of, total),
    )
    if (!warmed.reaches) return refused(`the warm-up of partition ${partition} before ${range.from} is trimmed`)
    // Kept under another name until it is whole.
    file ??= createOutputFile(path, ['Candle', 'Opportunity', 'SystemEvent', 'Match', 'Alert'])
    let done = 0
    for await (const made of rerun(replay, slot, range, warmed.state)) {
      for (const output of made.outputs)
        file.add({
          topic: output.topic,
          partition: partition % replay.partitions(output.topic),
          key: output.key,
          timestampMs: stampOf(output.time),
          ...replay.valueOf(output),
        })
      done += made.records
      outputs += made.outputs.length
      bar.show(`partition ${partition}, range`, done, range.to - range.from)
    }
    records += done
  }
  file?.close()
  print(`${records.toLocaleString('en')} records re-run, ${outputs.toLocaleString('en')} outputs in ${path}`)
  return 0
}
