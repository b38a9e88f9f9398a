import type { Severity } from '../../match.ts'
import { USUAL_BREADTH, type Breadth } from '../validate/breadth.ts'
import { checkBy } from '../validate/checks/by.ts'
import { checkFiring } from '../validate/checks/firing.ts'
import { checkNames } from '../validate/checks/names.ts'
import { checkPattern } from '../validate/checks/pattern.ts'
import { checkStreams } from '../validate/checks/streams.ts'
import { compilePattern, type CompiledPattern } from './compile-pattern.ts'
import { compiling, conditionAt, namedAt, type Compiling, type Placed, type Read } from './compiling.ts'
import { isError, pointerTo, type Diagnostic } from '../diagnostic.ts'
import type { Emit, Rule } from '../document.ts'
import { durationMicros } from '../read/duration.ts'
import type { BoolExpression, Frame, Names } from '../frame.ts'
import { guardsOf } from './guards.ts'
import { letsOf, namesOf, type Let } from './lets.ts'
import { DEFAULT_RENEW, RENEW_MICROS } from './renewal.ts'
import type { Allot, Guard, PatternBody, Program, ProgramAction, WhenBody } from '../program.ts'

export type Compiled = { readonly program: Program } | { readonly diagnostics: readonly Diagnostic[] }

/**
 * The program of a rule, or all that is wrong with it (E… only; warnings and what concerns other rules: validate.ts). `allot` is
 * asked once for each aggregate, also of a rule that turns out wrong, always first for those that others rest on: who feeds
 * sources in the order of their slots feeds none before what it reads. Never throws.
 */
export function compileRule(rule: Rule, allot: Allot): Compiled {
  const { program, diagnostics } = analysed(rule, allot, () => USUAL_BREADTH)
  return program === undefined ? { diagnostics } : { program }
}

/** A rule taken apart, for the checks; no program if anything is wrong. */
export type Analysis = {
  readonly program: Program | undefined
  readonly diagnostics: readonly Diagnostic[]
  readonly placed: readonly Placed[]
  readonly lets: ReadonlyMap<string, Let>
  /** Of `where` alone. */
  readonly guards: readonly Guard[]
}

/** What enters a window depends on the repeats that the quality step remembers, and a heartbeat's length more. */
const MEMORY_MICROS = 660_000_000

const NEVER: BoolExpression = { type: 'bool', read: () => undefined }

/** `breadthOf` is asked once, with what `where` asks of fields. */
export function analysed(rule: Rule, allot: Allot, breadthOf: (guards: readonly Guard[]) => Breadth): Analysis {
  const all = compiling(rule)
  const { on, diagnostics } = all
  for (const check of [checkStreams, checkBy, checkNames, checkFiring, checkPattern])
    diagnostics.push(...check(rule, all))

  const place = {
    role: 'where',
    pointer: '/where',
    names: namesOf(all.all, () => undefined),
    streams: all.all,
  } as const
  const where = rule.where === undefined ? undefined : conditionAt(all, rule.where, place)
  const whereGuards = where === undefined ? [] : guardsOf(where.node, on)
  const breadth = breadthOf(whereGuards)
  const letOf = letsOf({ all, allot, breadth, where })
  const lets = new Map(
    Object.keys(rule.let ?? {}).flatMap((name) => {
      const value = letOf(name)
      return value !== undefined && 'needs' in value ? [[name, value] as const] : []
    }),
  )

  const names = namesOf(on, letOf)
  const pattern = rule.pattern === undefined ? undefined : compilePattern(all, rule.pattern, letOf)
  const when = rule.when === undefined ? undefined : condition(all, rule.when, 'when', '/when', names)
  const release =
    rule.release?.when === undefined ? undefined : condition(all, rule.release.when, 'release', '/release/when', names)
  const known = pattern?.names ?? names
  const severity = severityOf(all, known)
  const fields = namedAt(all, rule.emit.fields ?? {}, {
    role: 'field',
    pointer: '/emit/fields',
    names: known,
    streams: on,
  })
  const action = actionOf(all, rule.emit.action, known)

  const chainMicros = Math.max(0, ...[...lets.values()].map(({ depthMicros }) => depthMicros))
  const warmUpMicros = chainMicros + (pattern?.pattern.withinMicros ?? 0)
  const renewMicros = RENEW_MICROS[rule.renew ?? DEFAULT_RENEW]
  // Twice `hold`: what a renewal makes of a key is known from where all of the last `hold` was seen, and that as long after.
  const lengths = [rule.hold, rule.hold, rule.release?.after, rule.cooldown?.for].map((text) => microsOf(text))
  const horizonMicros = MEMORY_MICROS + warmUpMicros + renewMicros + lengths.reduce((sum, one) => sum + one, 0)

  if (diagnostics.some(isError))
    return { program: undefined, diagnostics, placed: all.placed, lets, guards: whereGuards }
  const program: Program = {
    rule,
    scope: rule.scope ?? 'asset',
    streams: on,
    where: where?.expression,
    guards: guards(rule, all, where, when),
    whereGuards,
    by: rule.by,
    body: pattern === undefined ? whenBody(rule, when, release) : patternBody(pattern),
    cooldown: cooldownOf(rule),
    renewMicros,
    onUpdate: rule.onUpdate ?? 'warm',
    severity,
    fields,
    inputs: [...lets.values()].map(({ name, expression }) => ({ name, expression })),
    evidence: { events: rule.emit.evidence?.events ?? 0, inputs: rule.emit.evidence?.inputs ?? false },
    action,
    earlier: pattern?.earlier() ?? 0,
    warmUpMicros,
    horizonMicros,
  }
  return { program, diagnostics, placed: all.placed, lets, guards: whereGuards }
}

const microsOf = (text: string | undefined): number => (text === undefined ? 0 : (durationMicros(text) ?? 0))

const condition = (all: Compiling, text: string, role: 'when' | 'release', pointer: string, names: Names) =>
  conditionAt(all, text, { role, pointer, names, streams: all.on })

const patternBody = ({ pattern }: CompiledPattern): PatternBody => ({ kind: 'pattern', pattern })

const whenBody = (
  { hold, release, edge = 'rising' }: Rule,
  when: Read<BoolExpression> | undefined,
  releaseWhen: Read<BoolExpression> | undefined,
): WhenBody => ({
  kind: 'when',
  when: when?.expression ?? NEVER,
  edge,
  holdMicros: microsOf(hold),
  release: release && { when: releaseWhen?.expression, afterMicros: microsOf(release.after) },
})

/** Only `every` is without memory: under the other edges a `when` that is not true ends a firing, and must be seen. */
function guards(
  { edge }: Rule,
  { on }: Compiling,
  where: Read<BoolExpression> | undefined,
  when: Read<BoolExpression> | undefined,
): readonly Guard[] {
  const asked = edge === 'every' ? [where, when] : [where]
  return asked.flatMap((one) => (one === undefined ? [] : guardsOf(one.node, on)))
}

function cooldownOf({ cooldown }: Rule): Program['cooldown'] {
  if (cooldown === undefined) return undefined
  const { max } = cooldown
  return {
    forMicros: microsOf(cooldown.for),
    max: max && { count: max[0], periodMicros: microsOf(max[1]) },
  }
}

function severityOf(all: Compiling, names: Names): (frame: Frame) => Severity {
  const { severity } = all.rule
  if (typeof severity === 'string') return () => severity
  const cases = severity.cases.map((one, index) => {
    const pointer = pointerTo('/severity/cases', index, 'if')
    const read = conditionAt(all, one.if, { role: 'severity', pointer, names, streams: all.on })
    return { holds: read?.expression ?? NEVER, severity: one.then }
  })
  return (frame) => cases.find(({ holds }) => holds.read(frame) === true)?.severity ?? severity.else
}

function actionOf(all: Compiling, action: Emit['action'], names: Names): ProgramAction | undefined {
  if (action === undefined) return undefined
  if ('webhook' in action) return { kind: 'webhook', target: action.webhook }
  const place = { role: 'field', pointer: '/emit/action/arguments', names, streams: all.on } as const
  return { kind: 'command', command: action.command, arguments: namedAt(all, action.arguments ?? {}, place) }
}
