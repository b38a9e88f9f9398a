import { Option, type Command } from 'commander'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'
import { configApply, configShow, configValidate } from './config.ts'

/** `crosstide config show|validate|apply`. */
export function addConfig(cli: Command, environment: Environment, exit: (code: number) => void): void {
  const source = (): Option => new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES)
  const noun = cli.command('config').description('the configuration document that running producers follow')
  noun
    .command('show')
    .description('the document in effect, with its epoch, who published it, and when')
    .addOption(new Option('--json', 'machine-readable output').default(false))
    .addOption(source())
    .action(async ({ source: of, json }: { readonly source?: Source; readonly json: boolean }) =>
      exit(await configShow(environment, of, json)),
    )
  noun
    .command('validate <file>')
    .description('name every field with a problem; exit code 2 if there is one')
    .action(async (file: string) => exit(await configValidate(file)))
  noun
    .command('apply <file>')
    .description('publish a file: exchanges and symbols come and go, the others’ sockets stay as they are')
    .option('--dry-run', 'only say what would change', false)
    .addOption(source())
    .addHelpText(
      'after',
      `
It stays in effect over restarts, until crosstide.config.json is edited: the next start takes that.
Partitions, inverses, backfill, simulator and retentionDays are read at a start only: a file that changes them is refused.
"arbitrage" is a document of its own: a start takes it, or crosstide arbitrage set. "alerts" is read by consumers when they start.
A symbol that its exchange does not list is a FAULT event; the others go on.`,
    )
    .action(async (file: string, { source: of, dryRun }: { readonly source?: Source; readonly dryRun: boolean }) =>
      exit(await configApply(environment, file, { source: of, dryRun })),
    )
}
