import type { Compiling } from './compiling.ts'
import { conditionAt } from './compiling.ts'
import { pointerTo } from '../diagnostic.ts'
import type { NotStep, Pattern, SingleStep, Skip, Step } from '../document.ts'
import { durationMicros } from '../read/duration.ts'
import type { BoolExpression, Expression, Names, Unresolved } from '../frame.ts'
import { namesOf, type LetOf } from './lets.ts'
import type { PatternProgram, ProgramSkip, ProgramStep, ProgramTake, StepCondition } from '../program.ts'
import { stepNames, type StepName } from './step-names.ts'
import { takesOf } from './takes.ts'
import { thresholdOf } from './threshold.ts'

export type CompiledPattern = {
  readonly pattern: PatternProgram
  /** Where all steps are known: `severity`, `emit`. */
  readonly names: Names
  readonly earlier: () => number
  /** Lets that are captured, for their depth. */
  readonly captured: () => ReadonlySet<string>
}

export const DEFAULT_MOST_PARTIALS = 64

const NEVER: BoolExpression = { type: 'bool', read: () => undefined }

export function compilePattern(all: Compiling, written: Pattern, letOf: LetOf): CompiledPattern {
  const takes = takesOf(written)
  const places = new Map(takes.map(({ step: { as }, place }) => [as, place]))
  const steps: ReadonlyMap<string, StepName> = new Map(
    takes.map(({ step: { as, on } }, index) => [as, { name: as, index, streams: on === undefined ? all.on : [on] }]),
  )
  const captured: Expression[] = []
  const capturedPlaces = new Map<string, number>()
  let most = 0
  const withinMicros = durationMicros(written.within) ?? 0

  function capture(name: string): { place: number; expression: Expression } | Unresolved | undefined {
    const value = letOf(name)
    if (value === undefined || 'code' in value) return value
    const place = capturedPlaces.get(name) ?? captured.length
    if (place === captured.length) captured.push(value.expression)
    capturedPlaces.set(name, place)
    return { place, expression: value.expression }
  }

  const namesFor = (streams: StepName['streams'], isKnown: (step: StepName) => boolean): Names => ({
    ...named(namesOf(streams, letOf)),
    ...stepNames({
      steps,
      isKnown,
      capture,
      streams,
      withinMicros,
      asked: (earlier) => (most = Math.max(most, earlier)),
    }),
  })
  /** A step alone is no value. */
  const named = (names: Names): Names => ({
    ...names,
    named(name) {
      const found = names.named(name)
      return 'code' in found && found.code === 'E102' && steps.has(name)
        ? { code: 'E102', message: `\`${name}\` is a step: write which of its fields, such as \`${name}.price\`` }
        : found
    },
  })
  /** In its own condition a step knows itself; within `all` any order is possible, so that each knows the others. */
  const knownIn = (place: number, own: string | undefined) => (step: StepName) => {
    const at = places.get(step.name) ?? Infinity
    const together = at === place && (step.name === own || isAll(written.steps[place]))
    return at < place || together
  }

  const condition = (
    text: string,
    pointer: string,
    streams: StepName['streams'],
    names: Names,
    role: 'if' | 'not',
  ): StepCondition => {
    const read = conditionAt(all, text, { role, pointer, names, streams })
    return read === undefined
      ? { whole: NEVER, threshold: undefined }
      : { whole: read.expression, threshold: thresholdOf(read.node) }
  }

  function take(step: SingleStep, place: number, pointer: string): ProgramTake {
    const streams = step.on === undefined ? all.on : [step.on]
    const names = namesFor(streams, knownIn(place, step.as))
    const [least, end] = typeof step.times === 'number' ? [step.times, step.times] : (step.times ?? [1, 1])
    const follow = step.follow ?? 'followed'
    const until =
      step.until === undefined
        ? undefined
        : conditionAt(all, step.until, { role: 'until', pointer: pointerTo(pointer, 'until'), names, streams })
    return {
      name: steps.get(step.as)?.index ?? 0,
      streams,
      if: condition(step.if, pointerTo(pointer, 'if'), streams, names, 'if'),
      follow,
      inner: step.inner ?? follow,
      least,
      most: end ?? Infinity,
      greedy: step.greedy ?? false,
      optional: step.optional ?? false,
      until: until?.expression,
      gapMicros: step.gap === undefined ? undefined : durationMicros(step.gap),
    }
  }

  function guard({ not, for: absence }: NotStep, place: number, pointer: string): ProgramStep {
    const streams = not.on === undefined ? all.on : [not.on]
    const names = namesFor(streams, knownIn(place, undefined))
    return {
      kind: 'not',
      streams,
      if: condition(not.if, pointerTo(pointer, 'not', 'if'), streams, names, 'not'),
      follow: not.follow ?? 'followed',
      forMicros: absence === undefined ? undefined : durationMicros(absence),
    }
  }

  const compiled = written.steps.map((step, place): ProgramStep => {
    const pointer = pointerTo('/pattern/steps', place)
    if ('not' in step) return guard(step, place, pointer)
    if ('any' in step)
      return { kind: 'any', of: step.any.map((one, part) => take(one, place, pointerTo(pointer, 'any', part))) }
    if ('all' in step)
      return { kind: 'all', of: step.all.map((one, part) => take(one, place, pointerTo(pointer, 'all', part))) }
    return { kind: 'take', ...take(step, place, pointer) }
  })

  return {
    pattern: {
      steps: compiled,
      names: [...steps.keys()],
      captured,
      withinMicros,
      skip: skipOf(written.skip, steps),
      maxPartials: written.maxPartials ?? DEFAULT_MOST_PARTIALS,
      onTimeout: written.onTimeout ?? false,
    },
    names: namesFor(all.on, () => true),
    earlier: () => most,
    captured: () => new Set(capturedPlaces.keys()),
  }
}

const isAll = (step: Step | undefined): boolean => step !== undefined && 'all' in step

/** A name that no step has is E406, said by the check of patterns. */
function skipOf(skip: Skip = 'to-next', steps: ReadonlyMap<string, StepName>): ProgramSkip {
  if (typeof skip === 'string') return { kind: skip }
  return 'toFirst' in skip
    ? { kind: 'toFirst', name: steps.get(skip.toFirst)?.index ?? 0 }
    : { kind: 'toLast', name: steps.get(skip.toLast)?.index ?? 0 }
}
