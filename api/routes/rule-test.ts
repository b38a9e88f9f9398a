import type { Request } from 'express'
import type { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'
import { tickKey } from '../../core/partition.ts'
import { isError } from '../../core/rules/diagnostic.ts'
import type { Rule } from '../../core/rules/document.ts'
import { durationMicros } from '../../core/rules/read/duration.ts'
import { readRule } from '../../core/rules/read/read.ts'
import type { KeyValues } from '../../core/rules/testing/explanation.ts'
import { MICROS_PER_MINUTE, micros, toIso, type Micros } from '../../core/time.ts'
import type { LabAnswer, LabJob } from '../../io/rule-lab.ts'
import { judgeRule } from '../../io/rules-judging.ts'
import { lookAtRules } from '../../io/rules-store.ts'
import { keyOf, keysOf } from '../access.ts'
import type { AppDeps, Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse, rulePath } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { selectRule } from '../queries/rules.ts'
import { RULES, bodyOf, isEmpty } from '../rules.ts'
import { documentTrialBody, trialBody, whyNotQuery } from '../trial-parameters.ts'
import { explanationOf, reportOf } from '../trial-shown.ts'

const LONGEST = 60 * MICROS_PER_MINUTE
/** How far back a rule that did not fire is looked at, at least. */
const LEAST = 10 * MICROS_PER_MINUTE

/** Tries a document that need not be stored. Anyone may who may read: it changes nothing, and each may try one at a time. */
export const testDocument: Route = {
  path: `${RULES}/test`,
  ask: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { rule: document, ...asked } = parse(documentTrialBody, bodyOf(request))
    const { rule, diagnostics } = await judgeRule(deps.rules, document, false)
    const errors = diagnostics.filter(isError)
    if (rule === undefined || errors.length > 0)
      throw new HttpFailure('INVALID_RULE', errors[0]?.message.slice(0, 1000), diagnostics)
    response.json({ meta: metaOf(deps), ...(await tried(deps, request, rule, asked)) })
  },
}

/** Tries the newest version of a rule. */
export const testRule: Route = {
  path: `${RULES}/:id/test`,
  ask: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(rulePath, request.params)
    const asked = parse(trialBody, isEmpty(request) ? {} : bodyOf(request))
    const row = await selectRule(deps.database, id)
    const rule = row && ruleOf(row.document)
    if (rule === undefined) throw new HttpFailure('UNKNOWN_RULE', `no rule ${id}`)
    response.json({ meta: metaOf(deps), ...(await tried(deps, request, rule, asked)) })
  },
}

/** Runs what led up to a moment again, with all eyes on what a rule lacked. */
export const whyNot: Route = {
  path: `${RULES}/:id/why-not`,
  get: (deps) => async (request, response) => {
    const { id } = parse(rulePath, request.params)
    const { key: text, at } = parse(whyNotQuery, request.query)
    const key: KeyValues = Object.fromEntries(text.split(',').map((one) => one.split(':')))
    const { rules } = await (await lookAtRules(deps.rules.reading)).active()
    const row = await selectRule(deps.database, id)
    // The version that speaks; of one that does not, the newest.
    const rule = rules.find((one) => one.id === id) ?? (row && ruleOf(row.document))
    if (rule === undefined) throw new HttpFailure('UNKNOWN_RULE', `no rule ${id}`)
    const strange = Object.keys(key).filter((name) => !rule.by.includes(name))
    if (strange.length > 0)
      throw new HttpFailure(
        'BAD_PARAMETER',
        `key: the rule's \`by\` has ${rule.by.join(', ')}, not ${strange.join(', ')}`,
      )
    const to = at ?? deps.now()
    const range = { base: key['base'], symbol: key['symbol'], from: micros(Math.max(0, to - reachOf(rule))), to }
    response.set('cache-control', 'no-cache')
    response.json({ meta: metaOf(deps), ...(await tried(deps, request, rule, { range, key })) })
  },
}

type Asked = z.output<typeof trialBody>

const ruleOf = (document: unknown): Rule | undefined => {
  const read = readRule(document)
  return 'rule' in read ? read.rule : undefined
}

/** What decides whether it fires at a moment, beside windows: those are warmed up anyway. */
function reachOf({ hold, release, pattern }: Rule): number {
  const lengths = [hold, release?.after, pattern?.within].map((one) => (one === undefined ? 0 : durationMicros(one)))
  return Math.min(LONGEST, Math.max(LEAST, ...lengths.map((one) => one ?? 0)))
}

async function tried(deps: AppDeps, request: Request, rule: Rule, asked: Asked) {
  const { given, until, range } = asked
  if (given !== undefined && range !== undefined)
    throw new HttpFailure('BAD_PARAMETER', 'given, range: the one or the other')
  const { rules } = await (await lookAtRules(deps.rules.reading)).active()
  const others = rules.filter(({ id }) => id !== rule.id)
  const { inverses } = deps.configuration().config
  const on = range === undefined ? ofGiven(given, until) : ofRange(range, asked.key, new Set(inverses), deps.now())
  if (on.kind === 'range' && (rule.scope ?? 'asset') !== 'asset')
    throw new HttpFailure('BAD_PARAMETER', 'range: only rules of the scope asset run on the log of an asset')
  const key = asked.key ?? (range && keyIn(rule, range))
  const answer = await answerOf(deps, request, { rule, others, key, on }, inverses)
  const told = { ruleId: rule.id, ruleVersion: rule.version }
  if (answer.kind === 'tests') return { ...told, tests: reportOf(answer.report) }
  const explanation = explanationOf(answer.explanation)
  if (answer.range === undefined || on.kind !== 'range') return { ...told, explanation }
  const { first, last } = answer.range
  const times = { first: first && toIso(first), last: last && toIso(last), from: toIso(on.from), to: toIso(on.to) }
  return { ...told, explanation, range: { ...answer.range, ...times } }
}

/** Who asks for a symbol, or an asset, wants to hear of no other. */
function keyIn({ by }: Rule, { symbol, base }: NonNullable<Asked['range']>): KeyValues | undefined {
  if (symbol !== undefined && by.includes('symbol')) return { symbol }
  return base !== undefined && by.includes('base') ? { base } : undefined
}

const ofGiven = (given: Asked['given'], until: string | undefined): LabJob['on'] =>
  given === undefined ? { kind: 'tests' } : { kind: 'given', given: given.map(withoutAbsent), until }

/** Of a document what is not there is absent. */
const withoutAbsent = ({ repeat, every, ...one }: NonNullable<Asked['given']>[number]) => ({
  ...one,
  ...(repeat !== undefined && { repeat }),
  ...(every !== undefined && { every }),
})

function ofRange(
  { symbol, base, from, to }: NonNullable<Asked['range']>,
  key: KeyValues | undefined,
  inverses: ReadonlySet<string>,
  now: Micros,
): LabJob['on'] {
  const named = symbol ?? key?.['symbol']
  const asset = base ?? (symbol === undefined ? key?.['base'] : undefined) ?? assetOf(named, inverses)
  if (asset === undefined) throw new HttpFailure('BAD_PARAMETER', 'base or symbol: required')
  const end = to ?? now
  const start = from ?? micros(Math.max(0, end - LONGEST))
  if (start >= end) throw new HttpFailure('BAD_PARAMETER', 'from: not before to')
  if (end - start > LONGEST) throw new HttpFailure('BAD_PARAMETER', 'from, to: more than an hour')
  return { kind: 'range', base: asset, from: start, to: end }
}

function assetOf(symbol: string | undefined, inverses: ReadonlySet<string>): string | undefined {
  if (symbol === undefined) return undefined
  try {
    return tickKey(symbol, inverses)
  } catch {
    throw new HttpFailure('BAD_PARAMETER', 'symbol: not a symbol like BTC-USDT')
  }
}

type Done = Extract<LabAnswer, { readonly kind: 'tests' | 'explained' }>

async function answerOf(
  { lab, access, log }: AppDeps,
  request: Request,
  job: LabJob,
  inverses: readonly string[],
): Promise<Done> {
  if (lab === undefined) throw new HttpFailure('TRIAL_FAILED', 'this process tries no rules')
  const owner = keyOf(request.get('authorization'), keysOf(access)) ?? request.ip ?? ''
  const outcome = await lab.run(owner, job, inverses)
  switch (outcome.kind) {
    case 'busy':
      request.res?.set('retry-after', '5')
      throw new HttpFailure('TOO_MANY_REQUESTS', 'one rule at a time is tried for each, and two for all')
    case 'late':
      throw new HttpFailure('TRIAL_FAILED')
    case 'failed':
      log.warn({ err: outcome.error, rule: job.rule.id }, 'rule_trial_failed')
      throw new HttpFailure('TRIAL_FAILED')
    case 'done':
      return doneOrThrow(outcome.answer)
  }
}

function doneOrThrow(answer: LabAnswer): Done {
  switch (answer.kind) {
    case 'wrong':
      throw new HttpFailure('INVALID_RULE', answer.diagnostics[0]?.message.slice(0, 1000), answer.diagnostics)
    case 'unreadable':
      throw new HttpFailure('BAD_PARAMETER', `given: expected ${answer.problem}`)
    case 'refused':
      throw new PipelineError(answer.code, answer.message)
    case 'tests':
    case 'explained':
      return answer
  }
}
