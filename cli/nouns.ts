import { Option, type Command } from 'commander'
import { PipelineError } from '../core/errors.ts'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'
import { addArbitrage } from './arbitrage-noun.ts'
import { archive } from './archive.ts'
import { addConfig } from './config-noun.ts'
import { dlqList, dlqReplay, dlqShow } from './dlq.ts'
import { inspect } from './recording.ts'
import { addReplay } from './replay-noun.ts'
import { addRules } from './rules-noun.ts'
import { TOPICS_VERBS, topics } from './topics.ts'
import { addVerify } from './verify-noun.ts'

const json = (): Option => new Option('--json', 'machine-readable output').default(false)
const source = (): Option => new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES)
const from = (): Option =>
  new Option('--from <where>', 'start, an offset of the letters, an ISO time, or an age such as 10m').default('start')

type Common = { readonly json: boolean; readonly source?: Source }
type Archive = {
  readonly topic?: readonly string[]
  readonly from: string
  readonly to: string
  readonly source?: Source
  readonly endpoint?: string
}
type Letters = Common & { readonly from?: string; readonly dryRun?: boolean }

/** The commands that are a noun and a verb, and what works on topics as a whole. `exit` is told each one's exit code. */
export function addNouns(cli: Command, environment: Environment, exit: (code: number) => void): void {
  cli
    .command('recording')
    .description('recorded exchange traffic')
    .command('inspect <dir>')
    .description('decode every session that has an adapter and count what is in it')
    .addOption(json())
    .action(async (directory: string, options: { json: boolean }) => exit(await inspect(directory, options.json)))
  addTopics(cli, environment, exit)
  addDlq(cli, environment, exit)
  addConfig(cli, environment, exit)
  addArbitrage(cli, environment, exit)
  addRules(cli, environment, exit)
  addReplay(cli, environment, exit)
  addVerify(cli, environment, exit)
  cli
    .command('archive <where>')
    .description(
      'topics as Avro object container files (zstd) per topic, partition and hour, in a folder or at s3://BUCKET/PREFIX; goes on where it ended',
    )
    .option(
      '--endpoint <url>',
      "of S3, if not Amazon's; credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY",
    )
    .option('--topic <topic...>', 'only these; else all of the catalogue')
    .option('--from <where>', 'start, an offset, an ISO time, or an age such as 1h', 'start')
    .option('--to <where>', 'end, an offset, an ISO time, or an age: what comes before it', 'end')
    .addOption(source())
    .addHelpText(
      'after',
      '\nExamples:\n  crosstide archive ./archive --topic crypto-prices.ticks --from 24h\n  crosstide archive s3://ticks/2026 --endpoint https://s3.example.org',
    )
    .action(async (where: string, given: Archive) =>
      exit(
        await archive(environment, where, {
          topics: given.topic ?? [],
          from: given.from,
          to: given.to,
          source: given.source,
          endpoint: given.endpoint,
        }),
      ),
    )
}

const TOPICS_HELP = {
  apply: 'create what is missing; report what differs, alter nothing',
  verify: 'report what differs: partitions, retention, cleanup, compatibility; exit code 1 if anything does',
  describe: 'show what is there',
} as const

function addTopics(cli: Command, environment: Environment, exit: (code: number) => void): void {
  const noun = cli.command('topics').description('the topics and schemas of the catalogue on the given services')
  for (const verb of TOPICS_VERBS)
    noun
      .command(verb)
      .description(TOPICS_HELP[verb])
      .addOption(json())
      .addOption(source())
      .action(async (options: Common) =>
        exit(await topics(environment, verb, { json: options.json, source: options.source })),
      )
}

function addDlq(cli: Command, environment: Environment, exit: (code: number) => void): void {
  const noun = cli.command('dlq').description('dead letters: records that could not be read or stored')
  const optionsOf = (given: Letters) => ({
    from: given.from ?? 'start',
    json: given.json,
    dryRun: given.dryRun ?? false,
    source: given.source,
  })
  noun
    .command('list [topic]')
    .description('one line per letter, of a source topic or of all')
    .addOption(from())
    .addOption(json())
    .addOption(source())
    .action(async (topic: string | undefined, given: Letters) =>
      exit(await dlqList(environment, topic, optionsOf(given))),
    )
  noun
    .command('show <topic> <offset>')
    .description('one letter whole; the topic is the one it belongs to')
    .addOption(json())
    .addOption(source())
    .action(async (topic: string, offset: string, given: Letters) => {
      if (!/^\d+$/.test(offset)) throw new PipelineError('WRONG_USE', `"${offset}" is not an offset`)
      exit(await dlqShow(environment, topic, Number(offset), optionsOf(given)))
    })
  noun
    .command('replay <topic>')
    .description('decode frames again (trades, feed BACKFILL), store records again; may be repeated')
    .option('--dry-run', 'only say what would become of each letter', false)
    .addOption(from())
    .addOption(json())
    .addOption(source())
    .addHelpText(
      'after',
      `
A producer's letter is decoded by the adapter of today; its trades go to the log under a new session.
A sink's letter is inserted by its natural key; no offset moves.
A processor's letter is not touched: the log holds the record.`,
    )
    .action(async (topic: string, given: Letters) => exit(await dlqReplay(environment, topic, optionsOf(given))))
}
