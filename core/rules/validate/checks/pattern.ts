import type { Compiling } from '../../compile/compiling.ts'
import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import type { NotStep, Pattern, Rule, SingleStep, Step } from '../../document.ts'
import { durationMicros } from '../../read/duration.ts'
import { didYouMean } from '../../expression/nearest.ts'
import { DEFAULT_RENEW, RENEW_MICROS } from '../../compile/renewal.ts'
import { wrong } from '../../read/shape.ts'
import { takesOf } from '../../compile/takes.ts'

type Say = (code: string, at: string, message: string) => void

/** E401 to E406 and E408: patterns that cannot be, or match nothing. */
export function checkPattern(rule: Rule, _all: Compiling): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const { pattern } = rule
  if (pattern === undefined) return diagnostics
  const say: Say = (code, at, message) => void wrong(diagnostics, at, message, code)
  checkWithin(rule, pattern, say)
  if (pattern.steps.every((step) => 'not' in step || isOptional(step)))
    say(
      'E401',
      '/pattern/steps',
      'Every step may be left out, so that nothing at all would match; make one of them needed.',
    )
  for (const [index, step] of pattern.steps.entries()) {
    const at = pointerTo('/pattern/steps', index)
    if ('not' in step) checkNot(pattern, step, index, at, say)
    else if ('as' in step) checkSingle(pattern, step, index, at, say)
  }
  checkSkip(pattern, say)
  return diagnostics
}

export const isOptional = (step: Step | undefined): boolean =>
  step !== undefined && 'as' in step && step.optional === true

const MOST_TIMES = 4096

function checkWithin(rule: Rule, { within }: Pattern, say: Say): void {
  const renew = rule.renew ?? DEFAULT_RENEW
  const longer = Object.keys(RENEW_MICROS).find((one) => microsOf(within) <= microsOf(one))
  if (microsOf(within) > RENEW_MICROS[renew])
    say(
      'E402',
      '/pattern/within',
      `A pattern must be over within ${renew}, since it begins anew then ("renew"); this one may take ${within}. Set "renew": "${longer ?? '1d'}" or a shorter "within".`,
    )
}

function checkNot(
  { steps, within }: Pattern,
  { not, for: absence }: NotStep,
  index: number,
  at: string,
  say: Say,
): void {
  const before = steps[index - 1]
  const isLast = index === steps.length - 1
  if (before === undefined || 'not' in before || isOptional(before))
    say(
      'E403',
      at,
      `A "not" must stand right after a step that is always taken; this one ${
        before === undefined
          ? 'comes first'
          : 'not' in before
            ? 'comes after another "not" (join them by ||)'
            : 'comes after an optional step'
      }.`,
    )
  if (!isLast && absence !== undefined)
    say(
      'E404',
      pointerTo(at, 'for'),
      'Only a last "not" waits "for" a time; between steps it lasts until the next is taken.',
    )
  if (!isLast) return
  if (absence === undefined)
    say('E404', at, 'A last "not" needs "for": without it nobody knows how long to wait, such as "for": "5s".')
  else if (microsOf(absence) > microsOf(within))
    say('E404', pointerTo(at, 'for'), `Waiting ${absence} is longer than the pattern may last (within ${within}).`)
  if (before !== undefined && 'as' in before && isVarying(before))
    say(
      'E404',
      at,
      `Before a last "not" the step "${before.as}" must be taken a fixed number of times, such as "times": 2.`,
    )
  if (not.follow === 'next' && absence !== undefined)
    say(
      'E404',
      pointerTo(at, 'not', 'follow'),
      'A last "not" watches all that comes while it waits: leave out "follow": "next".',
    )
}

const timesOf = ({ times = 1 }: SingleStep): readonly [number, number | null] =>
  typeof times === 'number' ? [times, times] : times

const isVarying = (step: SingleStep): boolean => timesOf(step)[0] !== timesOf(step)[1]

function checkSingle({ steps }: Pattern, step: SingleStep, index: number, at: string, say: Say): void {
  const [least, most] = timesOf(step)
  if (least < 1 || least > MOST_TIMES || (most !== null && (most < least || most > MOST_TIMES)))
    say(
      'E408',
      pointerTo(at, 'times'),
      `A step is taken 1 to ${MOST_TIMES} times, the least first, such as 3, [2, 5] or [2, null]${least === 0 ? '; none at all is "optional": true' : ''}.`,
    )
  if (step.greedy !== true) return
  const isLast = steps.slice(index + 1).every((later) => 'not' in later || isOptional(later))
  if (isLast || step.follow === 'any' || step.inner === 'any')
    say(
      'E405',
      pointerTo(at, 'greedy'),
      isLast
        ? `"${step.as}" is the last step that must be taken: nothing after it says when it has taken enough. Leave out "greedy".`
        : `"greedy" takes all it can, "any" tries all there is: only one of them makes sense for "${step.as}".`,
    )
}

function checkSkip(pattern: Pattern, say: Say): void {
  const { skip } = pattern
  if (skip === undefined || typeof skip === 'string') return
  const [place, name] = 'toFirst' in skip ? ['toFirst', skip.toFirst] : ['toLast', skip.toLast]
  const names = takesOf(pattern).map(({ step }) => step.as)
  if (!names.includes(name))
    say(
      'E406',
      `/pattern/skip/${place}`,
      `"${name}" is no step of this pattern${didYouMean(name, names)}; its steps are ${names.join(', ')}.`,
    )
}

const microsOf = (text: string): number => durationMicros(text) ?? 0
