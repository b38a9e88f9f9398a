import type { Diagnostic } from '../core/rules/diagnostic.ts'
import type { Rule } from '../core/rules/document.ts'
import { readRule } from '../core/rules/read/read.ts'
import type { Refusal } from '../core/rules/standing.ts'
import type { Verdict as Judgement } from '../core/rules/validate/validate.ts'
import type { DeskDeps, Told, Writing } from './rules-desk.ts'
import { unkeepable } from './rules-plain.ts'
import { lookAtRules, type Shelf, type TooLarge } from './rules-store.ts'
import { hearers, type Around, type Judge } from './rules-world.ts'

/** Where a path of the API would stand in a rule's place. */
const RESERVED: ReadonlySet<string> = new Set(['validate', 'test'])

/**
 * What would be said of a document if it were written now; its tests, which may take seconds, are run only if that is asked for.
 * Never throws for what the document holds.
 */
export async function judgeRule(
  { judge, reading }: Pick<DeskDeps, 'judge' | 'reading'>,
  document: unknown,
  runsTests: boolean,
): Promise<Judgement> {
  const unread = unkeepable(document)
  if (unread !== undefined) return { rule: undefined, diagnostics: [unread], bound: undefined }
  const read = readRule(document)
  if ('diagnostics' in read) return judge(document, STRANGE)
  const shelf: Shelf = await lookAtRules(reading)
  const { id } = read.rule
  const standing = shelf.standing(id)
  const versions = standing === undefined ? [] : await shelf.versions(id)
  const { rules } = await shelf.active()
  const active = versions.find(({ version }) => version === standing?.active)
  const around = { others: hearers(rules, id), versions, active }
  return judge(read.rule, runsTests ? around : { ...around, runTests: undefined })
}

/** Around what has no id. */
const STRANGE: Around = { others: [], versions: undefined, active: undefined }
export const READ: Told = { id: '', version: 0, isChanged: false, diagnostics: [], refusal: undefined, isWrong: false }

/** Why a document is not even looked up. */
export function refusedBefore(judge: Judge, document: unknown): Told | undefined {
  const unread = unkeepable(document)
  if (unread !== undefined) return { ...READ, diagnostics: [unread], isWrong: true }
  const read = readRule(document)
  // It says what else is wrong, as far as it can be known.
  if ('diagnostics' in read) return { ...READ, diagnostics: judge(document, STRANGE).diagnostics, isWrong: true }
  const { id, version } = read.rule
  return RESERVED.has(id)
    ? {
        ...READ,
        id,
        version,
        diagnostics: [wrong('E201', '/id', `"${id}" is no id: the API has something else there.`)],
        isWrong: true,
      }
    : undefined
}

/** Of a document that was sent to another rule's address. */
export const wrongId = ({ mode }: Pick<Writing, 'mode'>, { id }: Rule): readonly Diagnostic[] | undefined =>
  mode.kind === 'update' && mode.id !== id
    ? [wrong('E201', '/id', `The document is of the rule "${id}", the address of "${mode.id}".`)]
    : undefined

/** The store knows what is too old, also where the judge was not told. */
export function oldVersion({ diagnostics }: Judgement, refusal: Refusal | undefined): readonly Diagnostic[] {
  if (diagnostics.some(({ code }) => code === 'E208')) return []
  if (refusal?.kind === 'version_not_new')
    return [wrong('E208', '/version', `Version ${refusal.version} is not new: the newest is ${refusal.newest}.`)]
  return refusal?.kind === 'other_content'
    ? [wrong('E208', '/version', `Version ${refusal.version} is there with another content: raise the version.`)]
    : []
}

export const tooLarge = ({ what, bytes, most }: TooLarge): string =>
  `all active rules together take ${bytes} bytes ${what === 'record' ? 'of a record' : 'of memory per partition'}, ${most} may be`

const wrong = (code: string, pointer: string, message: string): Diagnostic => ({
  code,
  pointer,
  from: undefined,
  to: undefined,
  message,
})
