import { Option, type Command } from 'commander'
import { PipelineError } from '../core/errors.ts'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'
import { publish } from './replay-publish.ts'
import { run } from './replay-run.ts'
import { verify, type ReplayOptions } from './replay.ts'

type Given = {
  readonly processor?: string
  readonly partition?: number
  readonly from: string
  readonly to: string
  readonly archive?: string
  readonly endpoint?: string
  readonly source?: Source
}

type Published = {
  readonly prefix: string
  readonly speed: string
  readonly withOutputs: boolean
  readonly append: boolean
}

/** `crosstide replay verify|run|publish`: what can be done with a range of the log again. */
export function addReplay(cli: Command, environment: Environment, exit: (code: number) => void): void {
  const noun = cli.command('replay').description('ranges of the ticks log again: proved, written to a file, or copied')
  ranged(noun.command('verify'), 'what is compared')
    .description('run a range again and compare with what live wrote, byte for byte')
    .requiredOption('--processor <name>', 'which one: market')
    .addOption(new Option('--json', 'machine-readable output').default(false))
    .addHelpText(
      'after',
      `
Exit code 0: equal; 1: different, with the evidence of both sides; 3: not comparable (other code version, not
processed yet, or trimmed: it says which). A range begins at a warm-up that is found by itself.

Examples:
  crosstide replay verify --processor market --from 1h
  crosstide replay verify --processor market --partition 3 --from 120000 --to 150000
  crosstide replay verify --processor market --archive ./archive --from 2026-11-20T10:00:00Z --to 2026-11-20T11:00:00Z`,
    )
    .action(async (given: Given & { readonly json: boolean }) =>
      exit(await verify(environment, optionsOf(given), given.json)),
    )
  ranged(noun.command('run'), 'what is run')
    .description('run a range again and write what it gives to a file; the same range gives the same bytes')
    .requiredOption('--processor <name>', 'which one: market')
    .requiredOption('--out <file>', 'replaced: .jsonl or .ndjson for JSON lines, .avro for an object container')
    .addHelpText('after', '\nExample:\n  crosstide replay run --processor market --from 1h --out outputs.jsonl')
    .action(async (given: Given & { readonly out: string }) =>
      exit(await run(environment, optionsOf(given), given.out)),
    )
  ranged(noun.command('publish'), 'what is copied')
    .description('copy a range of the ticks to topics P.crypto-prices.ticks … for others; stamps, keys and order stay')
    .requiredOption('--prefix <prefix>', 'of the new topics, before a dot')
    .option('--speed <factor>', 'of the original pace: 1, any factor, or max', 'max')
    .addOption(new Option('--with-outputs', 'candles, opportunities and matches, too').default(false))
    .addOption(new Option('--append', 'go on behind what an earlier run published').default(false))
    .addHelpText(
      'after',
      `
The topics are created without an end of retention; delete them when nobody needs them. Each record has a header
replay-source, TOPIC:PARTITION:OFFSET. Ctrl-C stops after what was sent is acknowledged (exit code 130).

Example:
  crosstide replay publish --prefix friday --from 2026-11-20T10:00:00Z --to 2026-11-20T11:00:00Z --speed 10`,
    )
    .action(async (given: Given & Published) =>
      exit(
        await publish(environment, {
          ...optionsOf(given),
          prefix: given.prefix,
          speed: given.speed,
          withOutputs: given.withOutputs,
          append: given.append,
        }),
      ),
    )
}

const ranged = (command: Command, what: string): Command =>
  command
    .option('--partition <number>', 'only this one', partitionOf)
    .option(
      '--from <where>',
      `start of ${what}: start, an offset (with --partition), an ISO time, or an age as 10m`,
      'start',
    )
    .option(
      '--to <where>',
      'its end, excluded: end (as far as it is processed), an offset, an ISO time, or an age',
      'end',
    )
    .option('--archive <where>', 'read an archive instead of Kafka: a folder or s3://BUCKET/PREFIX')
    .option('--endpoint <url>', "of S3, if not Amazon's")
    .addOption(new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES))

const optionsOf = (given: Given): ReplayOptions => ({
  processor: given.processor ?? 'market',
  partition: given.partition,
  from: given.from,
  to: given.to,
  archive: given.archive,
  endpoint: given.endpoint,
  source: given.source,
})

function partitionOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new PipelineError('WRONG_USE', `--partition: "${text}" is not a whole number`)
  return Number(text)
}
