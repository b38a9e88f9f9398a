import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Option, type Command } from 'commander'
import { PipelineError } from '../core/errors.ts'
import { loadAlerts, loadConfig } from '../io/config.ts'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'
import { createLog } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'
import { judgeBy, type Judge } from '../io/rules-world.ts'
import { catalogue } from '../schemas/topics.ts'
import { connection } from './endpoints.ts'
import { loadRuleFiles } from './rule-files.ts'
import { testFiles } from './rule-test.ts'
import { applyFiles, authorHere, doWithRule, listRules, showRule, validateFiles, type RulesDeps } from './rules.ts'

type Given = {
  readonly source?: Source
  readonly json: boolean
  readonly version?: string
  readonly shadow?: boolean
  readonly activate?: boolean
}

const WAIT_MS = 30_000
const CONFIG_FILE = 'crosstide.config.json'
const SHIPPED_CONFIG = fileURLToPath(new URL(`../${CONFIG_FILE}`, import.meta.url))

/** `crosstide rules list|show|validate|test|apply|activate|deactivate|rollback|delete`. */
export function addRules(cli: Command, environment: Environment, exit: (code: number) => void): void {
  const noun = cli
    .command('rules')
    .description('what the rule engine watches for; how to write a rule: rules/LANGUAGE.md')
  const verb = (text: string, description: string): Command =>
    noun
      .command(text)
      .description(description)
      .addOption(new Option('--json', 'machine-readable output').default(false))
      .addOption(new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES))
  verb('list', 'every rule, its newest version, and how far it has come').action(async (given: Given) =>
    exit(await listRules(await depsOf(environment, given))),
  )
  verb('show <id>', 'one rule: what became of it, and its newest document')
    .option('--version <n>', 'the document of this version')
    .action(async (id: string, given: Given) =>
      exit(await showRule(await depsOf(environment, given), id, versionOf(given))),
    )
  noun
    .command('validate <paths...>')
    .description('name everything that is wrong with files or folders of rules; exit code 2 if there is an error')
    .addOption(new Option('--json', 'machine-readable output').default(false))
    .action(async (paths: readonly string[], { json }: Given) => {
      exit(validateFiles({ judge: await judgeAnywhere(environment), json, print }, await loadRuleFiles(paths)))
    })
  noun
    .command('test <paths...>')
    .description('run the tests that files or folders of rules carry, and name what they never show')
    .addOption(new Option('--json', 'machine-readable output').default(false))
    .action(async (paths: readonly string[], { json }: Given) => {
      exit(testFiles({ judge: await judgeAnywhere(environment), json, print }, await loadRuleFiles(paths)))
    })
  verb('apply <paths...>', 'write files or folders of rules as new versions, all or none')
    .option('--no-activate', 'only keep them; what is active stays')
    .addHelpText(
      'after',
      `
A file holds a rule, or a list of them. An (id, version) never changes: to change a rule raise its version. "enabled" of the
document says whether it becomes active or the rule inactive.`,
    )
    .action(async (paths: readonly string[], given: Given) =>
      exit(await applyFiles(await depsOf(environment, given), await loadRuleFiles(paths), given.activate ?? true)),
    )
  verb('activate <id>', 'make a version the one that speaks, by default the newest')
    .option('--version <n>', 'this version')
    .option('--shadow', 'evaluate and record it beside the active one, without alerts', false)
    .action(async (id: string, given: Given) => {
      const wish = { kind: 'activate', id, version: versionOf(given), shadow: given.shadow ?? false } as const
      exit(await doWithRule(await depsOf(environment, given), wish))
    })
  verb('deactivate <ids...>', 'silence rules, all or none')
    .option('--shadow', 'only what is in the shadow', false)
    .action(async (ids: readonly string[], given: Given) => {
      const wishes = [...new Set(ids)].map((id) => ({ kind: 'deactivate', id, shadow: given.shadow ?? false }) as const)
      exit(await doWithRule(await depsOf(environment, given), ...wishes))
    })
  verb('rollback <id>', 'back to the version that was active before').action(async (id: string, given: Given) =>
    exit(await doWithRule(await depsOf(environment, given), { kind: 'rollback', id })),
  )
  verb('delete <ids...>', 'end rules, all or none; their versions stay, since matches name them').action(
    async (ids: readonly string[], given: Given) => {
      const wishes = [...new Set(ids)].map((id) => ({ kind: 'delete', id, ifMatch: undefined }) as const)
      exit(await doWithRule(await depsOf(environment, given), ...wishes))
    },
  )
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function depsOf(environment: Environment, { source, json }: Given): Promise<RulesDeps> {
  const { brokers, registry, database } = await connection(environment, source)
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const log = createLog('cli', 'error')
  return {
    kafka: { brokers, clientId: 'crosstide-rules', log },
    registry: openRegistry(registry),
    databaseUrl: database,
    topics: catalogue(config.partitions),
    log,
    by: authorHere(),
    print,
    json,
    judge: await judgeOf(environment),
    waitMs: WAIT_MS,
  }
}

/** Files are judged in any folder: where there is no configuration, by the one that ships, which it says on stderr. */
async function judgeAnywhere(environment: Environment): Promise<Judge> {
  if (environment.CROSSTIDE_CONFIG !== CONFIG_FILE || existsSync(CONFIG_FILE)) return judgeOf(environment)
  process.stderr.write(`no ${CONFIG_FILE} here: judged by the exchanges and symbols that ship with crosstide\n`)
  return judgeOf({ CROSSTIDE_CONFIG: SHIPPED_CONFIG })
}

async function judgeOf({ CROSSTIDE_CONFIG: file }: Pick<Environment, 'CROSSTIDE_CONFIG'>): Promise<Judge> {
  const config = await loadConfig(file)
  return judgeBy(() => config, Object.keys((await loadAlerts(file)).targets))
}

function versionOf({ version }: Given): number | undefined {
  if (version === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(version)) throw new PipelineError('WRONG_USE', `"${version}" is not a version`)
  return Number(version)
}
