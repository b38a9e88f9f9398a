import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import { canonicalJson } from '../core/canonical-json.ts'
import { isError, type Diagnostic } from '../core/rules/diagnostic.ts'
import type { Refusal } from '../core/rules/standing.ts'
import type { DeskOutcome, Told } from '../io/rules-desk.ts'
import { tooLarge } from '../io/rules-judging.ts'
import type { Asked } from '../io/rules-requests.ts'
import type { AppDeps } from './deps.ts'
import { metaOf } from './meta.ts'
import { HttpFailure } from './problem.ts'
import { selectRule, selectRuleFindings, type RuleFindings, type RuleRow } from './queries/rules.ts'
import { warmUpBy } from '../io/rules-world.ts'
import { activationOf } from './rule-activation.ts'

export const RULES = '/api/v1/rules'
export const placeOf = (id: string): string => `${RULES}/${id}`
export const etagOf = (hash: string): string => `"${hash}"`

/** A rule as answers show it. */
export const ruleOf = (deps: AppDeps, row: RuleRow, findings: RuleFindings) => {
  const { id, version, hash, author, createdAt, document } = row
  return {
    id,
    version,
    hash,
    author,
    createdAt,
    activation: activationOf(row, findings, warmUpBy(deps.rules.judge)),
    document,
  }
}

/** Answers with a rule as it stands now; its ETag is of its document, what became of it changes without it. */
export async function sendRule(
  deps: AppDeps,
  response: Response,
  id: string,
  { status = 200, diagnostics }: { readonly status?: number; readonly diagnostics?: readonly Diagnostic[] } = {},
): Promise<void> {
  const row = await selectRule(deps.database, id)
  if (row === undefined) throw new HttpFailure('UNKNOWN_RULE', `no rule ${id}`)
  const rule = ruleOf(deps, row, await selectRuleFindings(deps.database, [id]))
  response
    .status(status)
    .set({ etag: etagOf(row.hash), 'cache-control': 'no-cache' })
    .type('json')
  // Not `json`: it would make a 304 of what has the same document and another state.
  response.end(JSON.stringify({ meta: metaOf(deps), rule, diagnostics }))
}

/** The JSON that a request brought. Throws NOT_JSON. */
export function bodyOf(request: Request): unknown {
  const body: unknown = request.body
  if (body === undefined || request.is('json') === false) throw new HttpFailure('NOT_JSON')
  return body
}

/** Nothing was sent: all that may be said is left at its default. */
export const isEmpty = (request: Request): boolean =>
  request.body === undefined &&
  request.get('transfer-encoding') === undefined &&
  Number(request.get('content-length') ?? 0) === 0

const ETAG_PLACE =
  'send the ETag header of the answer to GET /api/v1/rules/{id}, which is the `hash` of the rule in quotes'

/** Hashes that a change is meant for, of strong ETags; `*` is any. Throws PRECONDITION_REQUIRED, BAD_PARAMETER. */
export function ifMatchOf(request: Request): readonly string[] {
  const given = request.get('if-match')
  if (given === undefined)
    throw new HttpFailure('PRECONDITION_REQUIRED', `If-Match is missing: ${ETAG_PLACE}, or * for whatever is there`)
  if (given.trim() === '*') return ['*']
  if (!/^\s*(W\/)?"[^"]{0,128}"(\s*,\s*(W\/)?"[^"]{0,128}"){0,20}\s*$/.test(given))
    throw new HttpFailure('BAD_PARAMETER', 'If-Match: neither * nor a list of ETags')
  // A weak one never matches (RFC 9110, 13.1.1).
  return [...given.matchAll(/(W\/)?"([^"]*)"/g)].flatMap(([, weak, tag = '']) => (weak === undefined ? [tag] : []))
}

/** The Idempotency-Key, with a hash of what is asked for under it. Throws BAD_PARAMETER. */
export function askedBy(request: Request): Asked | undefined {
  const key = request.get('idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,128}$/.test(key))
    throw new HttpFailure('BAD_PARAMETER', 'Idempotency-Key: not 1 to 128 visible ASCII characters')
  const asked = canonicalJson([request.method, request.originalUrl, request.body ?? null])
  return { key, fingerprint: createHash('sha256').update(asked).digest('hex') }
}

/** What was done about one rule; throws why it was not. */
export function doneOrThrow(outcome: DeskOutcome): Told & { readonly isRepeat: boolean } {
  switch (outcome.kind) {
    case 'busy':
      throw new HttpFailure('CONFLICT', 'somebody else is changing the rules; try again')
    case 'key_reused':
      throw new HttpFailure('KEY_REUSED')
    case 'too_large':
      throw new HttpFailure('RULES_TOO_LARGE', tooLarge(outcome))
    case 'refused':
    case 'done': {
      const [told] = outcome.told
      if (told === undefined) throw new Error('nothing was asked for')
      if (outcome.kind === 'done') return { ...told, isRepeat: outcome.isRepeat }
      throw failureOf(told)
    }
  }
}

/** First whether it would replace what was read, then what is wrong with it, then what else stands against it. */
function failureOf({ diagnostics, refusal, id, isWrong }: Told): HttpFailure {
  if (isWrong) {
    const errors = diagnostics.filter(isError)
    const detail = `${errors.length} error(s); the first: ${errors[0]?.message ?? ''}`.slice(0, 1000)
    return new HttpFailure('INVALID_RULE', detail, diagnostics)
  }
  return refusal === undefined ? new HttpFailure('INTERNAL') : refused(refusal, id)
}

function refused(refusal: Refusal, id: string): HttpFailure {
  switch (refusal.kind) {
    case 'unknown':
      return new HttpFailure('UNKNOWN_RULE', `no rule ${id}`)
    case 'no_such_version':
      return new HttpFailure('UNKNOWN_RULE', `no version ${refusal.version} of the rule ${id} that can be read`)
    case 'exists':
      return new HttpFailure('CONFLICT', `the rule ${id} is there: change it by PUT with If-Match`)
    case 'nothing_before':
      return new HttpFailure('CONFLICT', `no version of ${id} was active before`)
    case 'speaks_already':
      return new HttpFailure('CONFLICT', 'this version is active: its shadow would be itself')
    case 'stale':
      return new HttpFailure(
        'CHANGED_MEANWHILE',
        refusal.hash === ''
          ? `no rule ${id}`
          : `If-Match is not ${etagOf(refusal.hash)}, the ETag of ${id} now: GET ${placeOf(id)}, make your change of that document`,
      )
    case 'version_not_new':
    case 'other_content':
      return new HttpFailure('CONFLICT', `version ${refusal.version} of ${id} is not new`)
  }
}
