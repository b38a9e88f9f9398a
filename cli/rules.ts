import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { activationOf } from '../api/rule-activation.ts'
import { selectRule, selectRuleFindings, selectRules, selectRuleVersions, type RuleRow } from '../api/queries/rules.ts'
import { PipelineError } from '../core/errors.ts'
import { isError, type Diagnostic } from '../core/rules/diagnostic.ts'
import { RULES_DOCUMENT } from '../core/rules/document.ts'
import { readRule } from '../core/rules/read/read.ts'
import type { Refusal, Wish } from '../core/rules/standing.ts'
import { openAnnouncer, type Announcer } from '../io/announcer.ts'
import { documentOfEpoch } from '../io/control-documents.ts'
import { openPool } from '../io/postgres.ts'
import { auditRules } from '../io/rules-audit.ts'
import { actOnRules, writeRules, type DeskDeps, type DeskOutcome } from '../io/rules-desk.ts'
import { tooLarge } from '../io/rules-judging.ts'
import { unkeepable } from '../io/rules-plain.ts'
import { warmUpBy, type Judge } from '../io/rules-world.ts'
import type { ConfigDeps } from './config.ts'
import type { RuleFile } from './rule-files.ts'
import { diagnosticLines } from './rule-print.ts'
import { formatTable } from './table.ts'

/** `waitMs`: how long a rule set may take to stand in every partition. */
export type RulesDeps = ConfigDeps & { readonly judge: Judge; readonly json: boolean; readonly waitMs: number }

const POLL_MS = 100
const PAGE = 1000

export const authorHere = (): string => `${userInfo().username}@${hostname()}`

/** Every rule, its newest version, and how far it has come. */
export async function listRules(deps: RulesDeps): Promise<number> {
  return reading(deps, async (pool) => {
    const all: RuleRow[] = []
    for (let after: string | undefined; ; after = all.at(-1)?.id) {
      const page = await selectRules(pool, { after, limit: PAGE })
      all.push(...page)
      if (page.length < PAGE) break
    }
    const ids = all.map(({ id }) => id)
    const findings = await selectRuleFindings(pool, ids)
    const shown = all.map((row) => ({ ...row, activation: activationOf(row, findings, warmUpBy(deps.judge)) }))
    if (deps.json)
      for (const { id, version, hash, activation } of shown)
        deps.print(JSON.stringify({ id, version, hash, ...activation }))
    else
      deps.print(
        formatTable(
          ['rule', 'newest', 'active', 'shadow', 'state', 'by'],
          shown.map(({ id, version, author, activation: { activeVersion, shadowVersion, state } }) => [
            id,
            version,
            activeVersion,
            shadowVersion,
            state.replace('_', ' '),
            author,
          ]),
        ),
      )
    return 0
  })
}

/** One rule: what became of it, and a document of it, the newest or that of `version`. */
export async function showRule(deps: RulesDeps, id: string, version: number | undefined): Promise<number> {
  return reading(deps, async (pool) => {
    const row = await selectRule(pool, id)
    const [found] =
      version === undefined
        ? [row]
        : (await selectRuleVersions(pool, { id, below: version + 1, limit: 1 })).filter(
            (one) => one.version === version,
          )
    if (found === undefined)
      throw new PipelineError(
        'WRONG_USE',
        `there is no rule ${id}${version === undefined ? '' : ` of version ${version}`}`,
      )
    const activation =
      row === undefined ? undefined : activationOf(row, await selectRuleFindings(pool, [id]), warmUpBy(deps.judge))
    const { hash, author, createdAt, document } = found
    if (deps.json) {
      deps.print(JSON.stringify({ id, version: found.version, hash, author, createdAt, activation, document }))
      return 0
    }
    deps.print(`version ${found.version}, by ${author}, ${createdAt}`)
    if (activation !== undefined) {
      const { state, activeVersion, shadowVersion, previousVersion, inForceSince, listeningUntil } = activation
      const facts = {
        active: activeVersion,
        shadow: shadowVersion,
        before: previousVersion,
        since: inForceSince,
        until: listeningUntil,
      }
      const told = Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
      deps.print([state.replace('_', ' '), ...told].join(', '))
    } else deps.print('deleted')
    deps.print(JSON.stringify(document, undefined, 2))
    return 0
  })
}

/** All that can be said of files without the store, each beside the others; 2 if one has an error. */
export function validateFiles(
  { judge, json, print }: Pick<RulesDeps, 'judge' | 'json' | 'print'>,
  files: readonly RuleFile[],
): number {
  const rules = files.flatMap(({ document }) => {
    const read = unkeepable(document) === undefined ? readRule(document) : undefined
    return read !== undefined && 'rule' in read ? [read.rule] : []
  })
  const judged = files.map(({ file, document }) => {
    const unread = unkeepable(document)
    if (unread !== undefined) return { file, document, diagnostics: [unread] }
    return {
      file,
      document,
      ...judge(document, { others: rules.filter((one) => one !== document), versions: undefined, active: undefined }),
    }
  })
  for (const one of judged) tell(print, json, one)
  const errors = judged.flatMap(({ diagnostics }) => diagnostics.filter(isError)).length
  if (!json) print(errors === 0 ? `valid: ${files.length} rule(s)` : `${errors} error(s) in ${files.length} rule(s)`)
  return errors === 0 ? 0 : 2
}

/** Writes files as new versions, all or none, and waits until what became active stands in every partition. */
export const applyFiles = (deps: RulesDeps, files: readonly RuleFile[], activate: boolean): Promise<number> =>
  changing(deps, files, (desk) =>
    writeRules(
      desk,
      { author: deps.by, fromFile: false },
      files.map(({ document }) => ({ document, mode: { kind: 'apply' }, activate })),
    ),
  )

/** Activates, deactivates, rolls back or deletes, all of them or none. */
export const doWithRule = (
  deps: RulesDeps,
  ...wishes: readonly Exclude<Wish, { readonly draft: unknown }>[]
): Promise<number> => changing(deps, [], (desk) => actOnRules(desk, { author: deps.by, fromFile: false }, wishes))

type Pool = ReturnType<typeof openPool>

async function reading(deps: RulesDeps, act: (pool: Pool) => Promise<number>): Promise<number> {
  const pool = openPool(deps.databaseUrl, 'api_ro', deps.log, 1)
  try {
    return await act(pool)
  } finally {
    await pool.end()
  }
}

async function changing(
  deps: RulesDeps,
  files: readonly RuleFile[],
  act: (desk: DeskDeps) => Promise<DeskOutcome>,
): Promise<number> {
  const { print, json, kafka, registry, topics, log } = deps
  const pool = openPool(deps.databaseUrl, 'api_rw', log, 2)
  // Opened by the first change: where nothing is changed Kafka is not needed.
  const told: Parameters<DeskDeps['audit']>[] = []
  try {
    const outcome = await act({
      database: pool,
      reading: pool,
      judge: deps.judge,
      audit: (...one) => void told.push(one),
    })
    if (told.length > 0) {
      const announcer: Announcer = await openAnnouncer('cli', { kafka, registry, topics })
      for (const one of told) auditRules(announcer, log)(...one)
      await announcer.close(5000)
    }
    if (outcome.kind === 'busy')
      throw new PipelineError('DATABASE_REFUSED', 'somebody else is changing the rules; try again')
    if (outcome.kind === 'too_large') throw new PipelineError('WRONG_USE', `${tooLarge(outcome)}: deactivate some`)
    if (outcome.kind === 'key_reused') throw new Error('no key was sent')
    for (const [at, one] of outcome.told.entries()) {
      const { file = one.id, document } = files[at] ?? {}
      tell(print, json, { file, document, diagnostics: one.diagnostics })
      if (one.refusal !== undefined) {
        const reason = reasonOf(one.refusal, one.id)
        print(json ? JSON.stringify({ file, reason }) : `${file}: ${reason}`)
      } else if (outcome.kind === 'done' && json)
        print(JSON.stringify({ id: one.id, version: one.version, isChanged: one.isChanged }))
      else if (outcome.kind === 'done')
        print(`${one.id}: version ${one.version}${one.isChanged ? '' : ' stays as it is'}`)
    }
    if (outcome.kind === 'refused') {
      if (!json) print('nothing was changed')
      return 2
    }
    return outcome.epoch === undefined ? 0 : await published(pool, deps, outcome.epoch)
  } finally {
    await pool.end()
  }
}

/** Says whether a rule set stands in every partition before the time is over. */
async function published(pool: Pool, { print, json, waitMs }: RulesDeps, epoch: number): Promise<number> {
  const deadline = performance.now() + waitMs
  for (;;) {
    if ((await documentOfEpoch(pool, RULES_DOCUMENT, epoch))?.publishedAt !== undefined) {
      print(json ? JSON.stringify({ epoch, isPublished: true }) : `epoch ${epoch} of the rules is in the log`)
      return 0
    }
    if (performance.now() > deadline) {
      const waits = `epoch ${epoch} of the rules waits: no publisher runs; start one with: npx crosstide run consumers control`
      print(json ? JSON.stringify({ epoch, isPublished: false }) : waits)
      return 1
    }
    await sleep(POLL_MS)
  }
}

function tell(
  print: (line: string) => void,
  json: boolean,
  { file, document, diagnostics }: RuleFile & { readonly diagnostics: readonly Diagnostic[] },
): void {
  for (const one of diagnostics)
    if (json) print(JSON.stringify({ file, ...one }))
    else diagnosticLines(file, document, one).forEach(print)
}

function reasonOf(refusal: Refusal, id: string): string {
  switch (refusal.kind) {
    case 'unknown':
      return `there is no rule ${id}`
    case 'exists':
      return `the rule ${id} is there already`
    case 'nothing_before':
      return `no version of ${id} was active before`
    case 'speaks_already':
      return 'this version is active: its shadow would be itself'
    case 'stale':
      return 'somebody else changed it meanwhile'
    case 'no_such_version':
      return `there is no version ${refusal.version} that can be read`
    case 'version_not_new':
      return `version ${refusal.version} is not new: the newest is ${refusal.newest}`
    case 'other_content':
      return `version ${refusal.version} is there with another content: raise the version`
  }
}
