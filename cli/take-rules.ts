import { basename } from 'node:path'
import { isError } from '../core/rules/diagnostic.ts'
import { readRule } from '../core/rules/read/read.ts'
import { newestOf } from '../core/rules/standing.ts'
import type { Config } from '../io/config.ts'
import type { Log } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { writeRules, type DeskDeps, type Writing } from '../io/rules-desk.ts'
import { hashOfRule, lookAtRules, type Shelf } from '../io/rules-store.ts'
import { judgeBy } from '../io/rules-world.ts'
import type { RuleFile } from './rule-files.ts'

type Deps = {
  readonly databaseUrl: string
  readonly config: Config
  readonly log: Log
  readonly notice?: (line: string) => void
  /** Instead of that of the configuration; for tests. */
  readonly judge?: DeskDeps['judge']
}

/**
 * Adds the rules that ship: a new one as its document says, a higher version of one that is active in its place; of one that
 * somebody silenced it is only kept, of one that was deleted not even that. What is wrong with a file, or does not become a
 * version because its number did not rise, is told and keeps nobody from starting.
 */
export async function takeRules(deps: Deps, files: readonly RuleFile[]): Promise<void> {
  const { log, notice = () => undefined } = deps
  const pool = openPool(deps.databaseUrl, 'api_rw', log, 2)
  try {
    const desk: DeskDeps = {
      database: pool,
      reading: pool,
      judge: deps.judge ?? judgeBy(() => deps.config),
      audit: (_by, { action, id, version }, epoch) => log.info({ action, rule: id, version, epoch }, 'rule_taken'),
    }
    const shelf = await lookAtRules(pool)
    const wanted = files.flatMap((file) => {
      const found = wantedOf(shelf, file)
      if ('told' in found) notice(`rules/${basename(file.file)}: ${found.told}`)
      return 'writing' in found ? [{ ...found, file }] : []
    })
    await takeAll(desk, wanted, notice)
  } finally {
    await pool.end()
  }
}

type Wanted = { readonly writing: Writing; readonly file: RuleFile }
type Found = { readonly writing: Writing } | { readonly told: string } | { readonly isThere: true }

function wantedOf(shelf: Shelf, { document }: RuleFile): Found {
  const mode = { kind: 'apply' } as const
  const read = readRule(document)
  if ('diagnostics' in read)
    return { told: `${read.diagnostics[0]?.pointer ?? ''} ${read.diagnostics[0]?.message ?? ''}` }
  const { id, version } = read.rule
  const standing = shelf.standing(id)
  if (standing === undefined) return { writing: { document, mode, activate: true } }
  const held = standing.versions.get(version)
  if (held !== undefined)
    return held === hashOfRule(read.rule)
      ? { isThere: true }
      : { told: `the file was edited, but version ${version} is kept with another content: raise its "version"` }
  // What was written here since is newer.
  if (version < newestOf(standing) || standing.isDeleted) return { isThere: true }
  return { writing: { document, mode, activate: standing.active !== undefined } }
}

/** All of them in one epoch; without those that are wrong, if some are. */
async function takeAll(desk: DeskDeps, wanted: readonly Wanted[], notice: (line: string) => void): Promise<void> {
  if (wanted.length === 0) return
  const outcome = await writeRules(
    desk,
    { author: 'bootstrap', fromFile: true },
    wanted.map(({ writing }) => writing),
  )
  if (outcome.kind === 'done') return
  if (outcome.kind !== 'refused') return notice(`the rules that ship were not taken: ${outcome.kind}`)
  const wrong = outcome.told.map(({ diagnostics, refusal, isWrong }) => {
    const error = isWrong ? diagnostics.find(isError) : undefined
    return refusal?.kind ?? (error === undefined ? undefined : `${error.code} ${error.pointer} ${error.message}`)
  })
  for (const [at, { file }] of wanted.entries())
    if (wrong[at] !== undefined) notice(`rules/${basename(file.file)} is not taken: ${wrong[at]}`)
  const right = wanted.filter((_, at) => wrong[at] === undefined)
  if (right.length < wanted.length) await takeAll(desk, right, notice)
}
