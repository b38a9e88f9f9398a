import { USUAL_BREADTH } from '../validate/breadth.ts'
import { analysed, type Analysis } from '../compile/compile.ts'
import type { Placed } from '../compile/compiling.ts'
import { pointerTo, type Diagnostic } from '../diagnostic.ts'
import type { Rule } from '../document.ts'
import type { BoolExpression, Expression, Frame, Value } from '../frame.ts'
import type { Source } from '../machine.ts'
import type { PatternTrace } from '../pattern/trace.ts'
import type { Allot, Program, ProgramStep, ProgramTake, StepCondition } from '../program.ts'

/** Told of all that a rule evaluates. It may read other parts of the expression in the same frame, and keeps no frame. */
export type Watcher = {
  /** An expression gave this value. */
  readonly evaluated: (placed: Placed, frame: Frame, value: Value) => void
  /** The step of this place among the pattern's names takes the present event. */
  readonly entered: (name: number, frame: Frame) => void
  readonly trace?: PatternTrace
}

export type Watched =
  | { readonly program: Program; readonly analysis: Analysis }
  | { readonly diagnostics: readonly Diagnostic[] }

/**
 * A rule's program whose expressions tell a watcher: it means the same as compileRule's, and a rule that nobody watches pays
 * nothing. What would pass over expressions is left out: the index of guards, thresholds.
 */
export function watchedProgram(rule: Rule, allot: Allot, watcher: Watcher): Watched {
  const bySource = new Map<string, readonly Placed[]>()
  const where: { expression: BoolExpression | undefined } = { expression: undefined }
  const analysis = analysed(
    rule,
    (by, source) => allot(by, watchedSource(source, where, bySource, watcher)),
    () => USUAL_BREADTH,
  )
  const { program, placed, lets, diagnostics } = analysis
  if (program === undefined) return { diagnostics }
  where.expression = program.where
  for (const [name, { aggregate }] of lets) {
    if (aggregate === undefined) continue
    const { id } = aggregate.source
    const own = placed.filter(({ pointer }) => pointer.startsWith(`${pointerTo('/let', name)}/`))
    bySource.set(id, [...(bySource.get(id) ?? []), ...own])
  }
  const at = new Map(placed.map((one) => [one.pointer, one]))
  return { program: watched(program, at, watcher), analysis }
}

type ByPointer = ReadonlyMap<string, Placed>

function watched(program: Program, at: ByPointer, watcher: Watcher): Program {
  const { body } = program
  const severities = [...at.values()].filter(({ role }) => role === 'severity')
  return {
    ...program,
    guards: [],
    where: program.where && condition(program.where, at.get('/where'), watcher),
    body:
      body.kind === 'when'
        ? {
            ...body,
            when: condition(body.when, at.get('/when'), watcher),
            release: body.release && {
              ...body.release,
              when: body.release.when && condition(body.release.when, at.get('/release/when'), watcher),
            },
          }
        : {
            kind: 'pattern',
            pattern: {
              ...body.pattern,
              ...(watcher.trace && { trace: watcher.trace }),
              steps: body.pattern.steps.map((step, place) =>
                stepOf(step, pointerTo('/pattern/steps', place), at, watcher),
              ),
            },
          },
    severity(frame) {
      for (const one of severities) {
        const value = one.node.expression.read(frame)
        watcher.evaluated(one, frame, value)
        if (value === true) break
      }
      return program.severity(frame)
    },
    fields: program.fields.map(({ name, expression }) => ({
      name,
      expression: telling(expression, at.get(pointerTo('/emit/fields', name)), watcher),
    })),
  }
}

function stepOf(step: ProgramStep, pointer: string, at: ByPointer, watcher: Watcher): ProgramStep {
  if (step.kind === 'take') return { kind: 'take', ...takeOf(step, pointer, at, watcher) }
  if (step.kind === 'not') {
    const { whole } = step.if
    return { ...step, if: unindexed(condition(whole, at.get(pointerTo(pointer, 'not', 'if')), watcher)) }
  }
  const { kind } = step
  return { kind, of: step.of.map((one, part) => takeOf(one, pointerTo(pointer, kind, part), at, watcher)) }
}

function takeOf(take: ProgramTake, pointer: string, at: ByPointer, watcher: Watcher): ProgramTake {
  const whole = condition(take.if.whole, at.get(pointerTo(pointer, 'if')), watcher)
  return {
    ...take,
    if: unindexed({
      type: 'bool',
      read(frame) {
        const holds = whole.read(frame)
        if (holds === true && take.until?.read(frame) !== true) watcher.entered(take.name, frame)
        return holds
      },
    }),
    until: take.until && condition(take.until, at.get(pointerTo(pointer, 'until')), watcher),
  }
}

const unindexed = (whole: BoolExpression): StepCondition => ({ whole, threshold: undefined })

function condition(expression: BoolExpression, placed: Placed | undefined, { evaluated }: Watcher): BoolExpression {
  if (placed === undefined) return expression
  return {
    type: 'bool',
    read(frame) {
      const holds = expression.read(frame)
      evaluated(placed, frame, holds)
      return holds
    },
  }
}

function telling(expression: Expression, placed: Placed | undefined, { evaluated }: Watcher): Expression {
  if (placed === undefined) return expression
  const toldOf =
    <T extends Value>(read: (frame: Frame) => T) =>
    (frame: Frame): T => {
      const found = read(frame)
      evaluated(placed, frame, found)
      return found
    }
  if (expression.type === 'string') return { type: 'string', read: toldOf(expression.read) }
  if (expression.type === 'bool') return { type: 'bool', read: toldOf(expression.read) }
  return { type: expression.type, read: toldOf(expression.read) }
}

/** What an aggregate is fed with: its own `where` where the rule's holds, what it is of where both do. */
function watchedSource(
  source: Source,
  rule: { readonly expression: BoolExpression | undefined },
  bySource: ReadonlyMap<string, readonly Placed[]>,
  { evaluated }: Watcher,
): Source {
  return {
    ...source,
    where: {
      type: 'bool',
      read(frame) {
        const passes = source.where === undefined ? true : source.where.read(frame)
        const own = bySource.get(source.id) ?? []
        if (own.length > 0 && (rule.expression === undefined || rule.expression.read(frame) === true))
          for (const one of own)
            if (one.role === 'where' || passes === true) evaluated(one, frame, one.node.expression.read(frame))
        return passes
      },
    },
  }
}
