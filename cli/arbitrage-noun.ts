import { Option, type Command } from 'commander'
import { PipelineError } from '../core/errors.ts'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'
import { arbitrageSet, arbitrageShow, arbitrageValidate, type Wanted } from './arbitrage.ts'

type Given = { readonly source?: Source; readonly dryRun: boolean; readonly epoch?: string }

/** `crosstide arbitrage show|validate|set`. */
export function addArbitrage(cli: Command, environment: Environment, exit: (code: number) => void): void {
  const source = (): Option => new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES)
  const noun = cli.command('arbitrage').description('fees and thresholds that opportunities are found by')
  noun
    .command('show')
    .description('the document in force, with its epoch, since when, and who set it')
    .addOption(new Option('--json', 'machine-readable output').default(false))
    .addOption(source())
    .action(async ({ source: of, json }: { readonly source?: Source; readonly json: boolean }) =>
      exit(await arbitrageShow(environment, of, json)),
    )
  noun
    .command('validate <file>')
    .description('name every field with a problem; exit code 2 if there is one')
    .action(async (file: string) => exit(await arbitrageValidate(environment, file)))
  noun
    .command('set [file]')
    .description('put a file, or an earlier version again, in force from its record in the log on')
    .option('--epoch <n>', 'instead of a file: what this version said')
    .option('--dry-run', 'only say what would change', false)
    .addOption(source())
    .addHelpText(
      'after',
      `
The file is the document, or a configuration file that has it as "arbitrage". What it leaves out has its default.
It stays in force over restarts, until "arbitrage" of crosstide.config.json is edited: the next start takes that.
Every version stays in the view control_documents; opportunities name theirs as costs_epoch. What is open is closed (config).`,
    )
    .action(async (file: string | undefined, { source: of, dryRun, epoch }: Given) =>
      exit(await arbitrageSet(environment, wantedOf(file, epoch), { source: of, dryRun })),
    )
}

function wantedOf(file: string | undefined, epoch: string | undefined): Wanted {
  if (file !== undefined && epoch === undefined) return { file }
  if (file === undefined && epoch !== undefined && /^[1-9]\d{0,14}$/.test(epoch)) return { epoch: Number(epoch) }
  throw new PipelineError('WRONG_USE', 'name a file, or an epoch with --epoch, a positive whole number')
}
