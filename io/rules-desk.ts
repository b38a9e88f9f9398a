import { isError, type Diagnostic } from '../core/rules/diagnostic.ts'
import type { Rule } from '../core/rules/document.ts'
import { readRule } from '../core/rules/read/read.ts'
import { idOf, newestOf, type Refusal, type Wish } from '../core/rules/standing.ts'
import { READ, oldVersion, refusedBefore, wrongId } from './rules-judging.ts'
import { rememberRequest, requestBefore, type Asked } from './rules-requests.ts'
import { changeRules, hashOfRule, type Author, type RuleBook, type RuleChange, type TooLarge } from './rules-store.ts'
import type { Rows } from './rules-rows.ts'
import { hearers, type Judge } from './rules-world.ts'

export type DeskDeps = {
  /** As `api_rw`. */
  readonly database: Parameters<typeof changeRules>[0]
  /** For judging alone; any role that may read. */
  readonly reading: Rows
  readonly judge: Judge
  /** Told after the commit of each change. */
  readonly audit: (by: Author, change: RuleChange, epoch: number | undefined) => void
}

/** How a document is written: `activate`: false, it is only kept; else it becomes what its `enabled` says. */
export type Writing = {
  readonly document: unknown
  readonly mode:
    | { readonly kind: 'create' }
    | { readonly kind: 'update'; readonly id: string; readonly ifMatch: readonly string[] | undefined }
    /** The one or the other, whatever is there. */
    | { readonly kind: 'apply' }
  readonly activate: boolean
}

/** What became of one wish. */
export type Told = {
  readonly id: string
  readonly version: number
  readonly isChanged: boolean
  /** Warnings, and errors. */
  readonly diagnostics: readonly Diagnostic[]
  readonly refusal: Refusal | undefined
  /** Whether a diagnostic forbids it. */
  readonly isWrong: boolean
}

export type DeskOutcome =
  /** `isRepeat`: the same request was done before, and nothing now. */
  | {
      readonly kind: 'done'
      readonly told: readonly Told[]
      readonly epoch: number | undefined
      readonly isRepeat: boolean
    }
  /** Nothing was done: some of it was refused, or has errors. */
  | { readonly kind: 'refused'; readonly told: readonly Told[] }
  | { readonly kind: 'busy' }
  | { readonly kind: 'key_reused' }
  | TooLarge

/** Writes documents, all of them or none. `asked`: what they were asked for by, so that a repeat is known. */
export async function writeRules(
  deps: DeskDeps,
  by: Author,
  writings: readonly Writing[],
  asked?: Asked,
): Promise<DeskOutcome> {
  const unread = writings.map(({ document }) => refusedBefore(deps.judge, document))
  if (unread.some((told) => told !== undefined)) return { kind: 'refused', told: unread.map((told) => told ?? READ) }
  const act = async (book: RuleBook): Promise<readonly Told[]> => {
    const drafts = writings.flatMap((writing) => {
      const read = readRule(writing.document)
      return 'rule' in read ? [{ ...writing, rule: read.rule }] : []
    })
    const granted = drafts.map(({ document, rule, ...writing }) => {
      const before = book.standing(rule.id)
      const wish = wishOf({ ...writing, document }, rule, before !== undefined && !before.isDeleted)
      return { before, rule, granted: wrongId(writing, rule) === undefined ? book.ask(wish, document) : undefined }
    })
    const { rules } = await book.active()
    const told: Told[] = []
    for (const [at, { rule, before, granted: one }] of granted.entries()) {
      const writing = drafts[at]
      const misplaced = writing === undefined ? undefined : wrongId(writing, rule)
      const refusal = one !== undefined && 'refusal' in one ? one.refusal : undefined
      const isChanged = one !== undefined && 'after' in one && one.after !== before
      const found = { id: rule.id, version: rule.version, isChanged, refusal }
      // Who writes from what is old reads again, whatever else is wrong: what is wrong with it may be that it is old.
      if ((!isChanged && refusal === undefined && misplaced === undefined) || refusal?.kind === 'stale') {
        told.push({ ...found, diagnostics: [], isWrong: false })
        continue
      }
      const versions = before === undefined ? [] : await book.versions(rule.id)
      const active = versions.find(({ version }) => version === before?.active)
      const judged = deps.judge(rule, { others: hearers(rules, rule.id), versions, active })
      book.weigh(rule, judged.bound?.bytes ?? 0)
      const diagnostics = [...judged.diagnostics, ...oldVersion(judged, refusal), ...(misplaced ?? [])]
      const speaks = one !== undefined && 'after' in one && one.after.active === rule.version
      // What fails its tests may be kept, and not be activated.
      told.push({
        ...found,
        diagnostics,
        isWrong: diagnostics.some((each) => isError(each) && (speaks || each.code !== 'E701')),
      })
    }
    return told
  }
  return desk(deps, by, asked, act, writings.length)
}

/** Does what needs no document: activates, deactivates, rolls back, deletes. */
export const actOnRule = (deps: DeskDeps, by: Author, wish: Act, asked?: Asked): Promise<DeskOutcome> =>
  desk(deps, by, asked, async (book) => [await acted(deps, book, wish)])

/** As {@link actOnRule}, all of them or none. */
export const actOnRules = (deps: DeskDeps, by: Author, wishes: readonly Act[]): Promise<DeskOutcome> =>
  desk(
    deps,
    by,
    undefined,
    async (book) => {
      const told: Told[] = []
      for (const wish of wishes) told.push(await acted(deps, book, wish))
      return told
    },
    wishes.length,
  )

type Act = Exclude<Wish, { readonly draft: unknown }>

async function acted(deps: DeskDeps, book: RuleBook, wish: Act): Promise<Told> {
  const id = idOf(wish)
  const before = book.standing(id)
  const granted = book.ask(wish)
  if ('refusal' in granted)
    return { id, version: 0, isChanged: false, diagnostics: [], refusal: granted.refusal, isWrong: false }
  const { after } = granted
  const isChanged = after !== before
  const version = (wish.kind === 'activate' && wish.shadow ? after.shadow : after.active) ?? newestOf(after)
  const told = { id, version, isChanged, diagnostics: [], refusal: undefined, isWrong: false }
  if (!isChanged || (wish.kind !== 'activate' && wish.kind !== 'rollback')) return told
  const versions = await book.versions(id)
  const rule = versions.find((one) => one.version === version)
  if (rule === undefined) return { ...told, refusal: { kind: 'no_such_version', version } }
  const { rules } = await book.active()
  // It was judged against its elders when it came; a roll-back goes on from nothing.
  const active = wish.kind === 'rollback' ? undefined : versions.find((one) => one.version === before?.active)
  const others = hearers(rules, id)
  const { diagnostics } = deps.judge(rule, { others, versions: undefined, active })
  return { ...told, diagnostics, isWrong: diagnostics.some(isError) }
}

async function desk(
  deps: DeskDeps,
  by: Author,
  asked: Asked | undefined,
  act: (book: RuleBook) => Promise<readonly Told[]>,
  many = 1,
): Promise<DeskOutcome> {
  type Result =
    | { readonly kind: 'told'; readonly told: readonly Told[] }
    | { readonly kind: 'repeat'; readonly told: readonly Told[] }
    | { readonly kind: 'key_reused' }
  const outcome = await changeRules(
    deps.database,
    by,
    async (book, client): Promise<{ keep: boolean; result: Result }> => {
      const before = asked === undefined ? undefined : await requestBefore(client, by.author, asked)
      if (before === 'another') return { keep: false, result: { kind: 'key_reused' } }
      if (before !== undefined) {
        const { id, version } = before
        const told = { id, version, isChanged: false, diagnostics: [], refusal: undefined, isWrong: false }
        return { keep: false, result: { kind: 'repeat', told: [told] } }
      }
      const told = await act(book)
      const keep = told.every(({ refusal, isWrong }) => refusal === undefined && !isWrong)
      const [first] = told
      if (keep && asked !== undefined && first !== undefined) await rememberRequest(client, by.author, asked, first)
      return { keep, result: { kind: 'told', told } }
    },
    many,
  )
  if (outcome.kind === 'busy' || outcome.kind === 'too_large') return outcome
  const { result } = outcome
  if (result.kind === 'key_reused') return result
  if (result.kind === 'repeat') return { kind: 'done', told: result.told, epoch: undefined, isRepeat: true }
  if (outcome.kind === 'abandoned') return { kind: 'refused', told: result.told }
  for (const change of outcome.changes) deps.audit(by, change, outcome.epoch)
  return { kind: 'done', told: result.told, epoch: outcome.epoch, isRepeat: false }
}

function wishOf({ mode, activate }: Writing, rule: Rule, isThere: boolean): Wish {
  const { id, version, enabled } = rule
  const draft = { id, version, hash: hashOfRule(rule), isEnabled: activate ? enabled : undefined }
  if (mode.kind === 'update') return { kind: 'update', draft, ifMatch: mode.ifMatch }
  return mode.kind === 'create' || !isThere ? { kind: 'create', draft } : { kind: 'update', draft, ifMatch: undefined }
}
