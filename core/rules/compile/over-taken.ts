import type { Expression, Frame, NumberType, StepFunction, Taken, Unresolved } from '../frame.ts'
import { picked, type OfTaken } from './of-taken.ts'
import { countTaken, firstTaken, lastTaken, maxTaken, meanTaken, minTaken, sumTaken } from '../pattern/taken.ts'

/** A function over all events that a step took. Over no events count and sum are 0, the others absent. */
export function overTaken(
  call: StepFunction,
  step: number,
  of: OfTaken | undefined,
  nth: number,
): Expression | Unresolved {
  if (call === 'count') return { type: 'number', read: ({ taken }) => countTaken(taken, step) }
  if (of === undefined)
    return { code: 'E104', message: `${call} needs a field of the step, such as \`${call}(a.price)\`` }
  if (call === 'last') return picked(of, ({ taken }) => lastTaken(taken, step, nth))
  if (call === 'first') return picked(of, ({ taken }) => firstTaken(taken, step, nth))
  if (of.type === 'string' || of.type === 'bool' || (of.type === 'time' && call === 'sum'))
    return { code: 'E103', message: `\`${call}\` is of numbers; this is ${NOT_NUMBERS[of.type]}` }
  return { type: of.type, read: foldOf(call, step, of) }
}

const NOT_NUMBERS = { string: 'a text', bool: 'true or false', time: 'a time' } as const

type OfNumber = { readonly type: NumberType; readonly read: (taken: Taken) => number }

function foldOf(call: 'sum' | 'mean' | 'min' | 'max', step: number, { read }: OfNumber): (frame: Frame) => number {
  switch (call) {
    case 'sum':
      return ({ taken }) => sumTaken(taken, step, read)
    case 'mean':
      return ({ taken }) => meanTaken(taken, step, read)
    case 'min':
      return ({ taken }) => minTaken(taken, step, read)
    case 'max':
      return ({ taken }) => maxTaken(taken, step, read)
  }
}
