import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { PipelineError } from '../core/errors.ts'
import { SOURCES, parseEnvironment, type Environment, type Source } from '../io/environment.ts'
import { VERSION } from '../io/process.ts'
import { bootstrapCommand } from './bootstrap-command.ts'
import { doctor } from './doctor.ts'
import { addNouns } from './nouns.ts'
import { reset } from './reset.ts'
import { runRole } from './run.ts'
import { sql } from './sql.ts'
import { status } from './status.ts'
import { tail } from './tail.ts'
import { up } from './up.ts'

const EXIT_WRONG_USE = 2

/** The `crosstide` command. Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 failed or differs, 2 wrong use. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietly(process.stdout)
  // Nobody listens any more (`up | head`): a pipeline goes on without its talk.
  process.stderr.on('error', () => undefined)
  try {
    if (existsSync('.env')) process.loadEnvFile('.env')
    await program(parseEnvironment(process.env)).parseAsync([...argv])
  } catch (error) {
    if (error instanceof PipelineError) {
      process.stderr.write(`crosstide: ${error.message} [${error.code}]\n`)
      process.exitCode = ['WRONG_USE', 'BAD_CONFIG', 'BAD_ENVIRONMENT', 'PORT_BUSY'].includes(error.code)
        ? EXIT_WRONG_USE
        : 1
      return
    }
    process.stderr.write(`crosstide: ${describeError(error)}\n`)
    process.exitCode = 1
  }
}

/** A reader that has seen enough (`tail … | head`) is no failure. */
function endQuietly(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1)
  })
}

/** What the system or the database refused says itself what is wrong; anything else is our bug, and its stack is wanted. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return `${error.message || error.name} [${error.code}]`
  return error.stack ?? error.message
}

function program(environment: Environment): Command {
  const cli = new Command('crosstide')
    .description('Streaming pipeline for crypto markets: exchanges to Kafka, PostgreSQL, REST, WebSocket and a page')
    .version(VERSION)
    .showHelpAfterError()
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : EXIT_WRONG_USE)
    })
  const source = () => new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES)
  const json = () => new Option('--json', 'machine-readable output').default(false)

  cli
    .command('up')
    .description('run everything: embedded services, producers, sinks, API and page')
    .addOption(new Option('--live', 'ticks from the real exchanges').conflicts('recording'))
    .option('--recording <dir>', 'ticks from recorded traffic')
    .option('--speed <factor>', 'of the recording: 1, any factor, or max', '1')
    .option('--rate <frames>', 'of the simulator, frames per second in all (10 to 100000)')
    .option('--seed <seed>', 'of the simulator')
    .option('--script <file>', 'what the simulator shall do wrong, JSON lines')
    .addOption(new Option('--brokers <number>', 'embedded Kafka brokers').choices(['1', '3']))
    .addHelpText(
      'after',
      '\nExamples:\n  crosstide up\n  crosstide up --live\n  crosstide up --recording ./recorded --speed max',
    )
    .action(async (options: UpFlags) => exit(await up(withFlags(options), process.env)))
  cli
    .command('status')
    .description('what runs here, and how it is')
    .addOption(json())
    .action(async (options: { json: boolean }) => exit(await status(environment, options.json)))
  cli
    .command('sql [query]')
    .description('query the database (read only); without a query: a prompt')
    .addOption(json())
    .addOption(source())
    .addHelpText(
      'after',
      '\nExamples:\n  crosstide sql "select * from best_quotes"\n  crosstide sql "select * from trades limit 5" --json',
    )
    .action(async (query: string | undefined, options: { json: boolean; source?: Source }) =>
      exit(await sql(environment, query, { json: options.json, source: options.source })),
    )
  cli
    .command('tail <topic>')
    .description('print a topic as decoded JSON lines')
    .option('--from <where>', 'start, end, an offset, an ISO time, or an age such as 10m', 'end')
    .option('--count <records>', 'stop after so many records', positiveInteger)
    .addOption(source())
    .addHelpText(
      'after',
      '\nExamples:\n  crosstide tail crypto-prices.ticks\n  crosstide tail crypto-prices.ticks --from 5m --count 100',
    )
    .action(async (topic: string, options: { from: string; count?: number; source?: Source }) => {
      const stop = new AbortController()
      process.once('SIGINT', () => stop.abort())
      process.once('SIGTERM', () => stop.abort())
      exit(
        await tail(
          environment,
          topic,
          { from: options.from, count: options.count, source: options.source },
          stop.signal,
        ),
      )
    })
  cli
    .command('doctor')
    .description('check what crosstide needs on this machine, and say how to mend what is missing')
    .addOption(json())
    .action(async (options: { json: boolean }) => exit(await doctor(environment, process.env, options.json)))
  cli
    .command('reset')
    .description("delete a source's data: log, database, registry, logs")
    .addOption(new Option('--source <source>', 'whose data').choices(SOURCES).default('simulated'))
    .option('--yes', 'do not ask', false)
    .action(async (options: { source: Source; yes: boolean }) =>
      exit(await reset(environment, options.source, options.yes)),
    )
  cli
    .command('bootstrap')
    .description('create topics, schemas, tables and views on the given services; idempotent')
    .action(async () => exit(await bootstrapCommand(environment)))
  cli
    .command('run <role> [args...]')
    .description('run one role here: producers [exchange…], processors [name…], consumers [sink…], api, simulator')
    .allowUnknownOption()
    .action(async (role: string, args: readonly string[]) => runRole(environment, role, args))
  addNouns(cli, environment, exit)
  return cli
}

type UpFlags = {
  readonly live?: boolean
  readonly recording?: string
  readonly speed: string
  readonly rate?: string
  readonly seed?: string
  readonly script?: string
  readonly brokers?: string
}

/** A flag is stronger than its variable: it becomes the variable, so that children see it too, and is checked like it. */
function withFlags(flags: UpFlags): Environment {
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) process.env[name] = value
  }
  set('CROSSTIDE_SOURCE', flags.live === true ? 'live' : flags.recording === undefined ? undefined : 'recorded')
  set('CROSSTIDE_RECORDING', flags.recording)
  if (flags.recording !== undefined) set('CROSSTIDE_RECORDING_SPEED', flags.speed)
  set('CROSSTIDE_SIMULATOR_RATE', flags.rate)
  set('CROSSTIDE_SIMULATOR_SEED', flags.seed)
  set('CROSSTIDE_SIMULATOR_SCRIPT', flags.script)
  set('CROSSTIDE_BROKERS', flags.brokers)
  return parseEnvironment(process.env)
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new PipelineError('WRONG_USE', `"${text}" is not a positive whole number`)
  return Number(text)
}

/** The exit code is set, not forced: pending output is still written. */
function exit(code: number): void {
  process.exitCode = code
}
