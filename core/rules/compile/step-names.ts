import type { Stream } from '../events.ts'
import { didYouMean } from '../expression/nearest.ts'
import { fieldOfAny } from '../fields.ts'
import type { Earlier, Expression, Frame, Names, StepFunction, Unresolved } from '../frame.ts'
import { ofCaptured, ofField, picked, type OfTaken } from './of-taken.ts'
import { overTaken } from './over-taken.ts'
import { lastTaken } from '../pattern/taken.ts'

/** A step's name: its place in the pattern's list of names, and the streams it takes events of. */
export type StepName = { readonly name: string; readonly index: number; readonly streams: readonly Stream[] }

/** What the steps' names mean at one place of a pattern. */
export type StepPlace = {
  readonly steps: ReadonlyMap<string, StepName>
  /** Whether the step may have taken something when this place is evaluated. */
  readonly isKnown: (step: StepName) => boolean
  /** Has a `let` value captured; `undefined` if there is no such name. */
  readonly capture: (
    name: string,
  ) => { readonly place: number; readonly expression: Expression } | Unresolved | undefined
  /** Of the present step, for `prev`. */
  readonly streams: readonly Stream[]
  readonly withinMicros: number
  /** Tells how far back `prev` looks. */
  readonly asked: (earlier: number) => void
}

type OfSteps = Pick<Names, 'ofStep' | 'overStep' | 'previous'>

const outside = (what: string): Unresolved => ({
  code: 'E107',
  message: `${what} has a meaning only in a pattern, after the step has taken something`,
})

/** Where no step is known: when-rules, `where`, `let`. */
export const NO_STEPS: OfSteps = {
  ofStep: (step, name) => outside(`\`${step}.${name}\``),
  overStep: (call, step) => outside(`\`${call}\` of \`${step}\``),
  previous: () => outside('`prev`'),
}

export function stepNames(place: StepPlace): OfSteps {
  const stepOf = (name: string): StepName | Unresolved => {
    const step = place.steps.get(name)
    if (step === undefined)
      return { code: 'E102', message: `\`${name}\` is no step of this pattern${didYouMean(name, place.steps.keys())}` }
    return place.isKnown(step)
      ? step
      : { code: 'E107', message: `the step \`${name}\` comes later: nothing is known of it here` }
  }
  const readerOf = (step: StepName, name: string): OfTaken | Unresolved => {
    const captured = place.capture(name)
    if (captured === undefined) {
      const field = fieldOfAny(step.streams, name)
      return 'code' in field ? field : ofField(field)
    }
    return 'code' in captured ? captured : ofCaptured(captured.expression, captured.place)
  }
  return {
    ofStep(name, field) {
      const step = stepOf(name)
      if ('code' in step) return step
      const reader = readerOf(step, field)
      return 'code' in reader ? reader : picked(reader, ({ taken }) => lastTaken(taken, step.index))
    },
    overStep(call: StepFunction, name, field, nth) {
      const step = stepOf(name)
      if ('code' in step) return step
      if (field === undefined) return overTaken(call, step.index, undefined, nth)
      const reader = readerOf(step, field)
      return 'code' in reader ? reader : overTaken(call, step.index, reader, nth)
    },
    previous(name, nth) {
      const field = fieldOfAny(place.streams, name)
      if ('code' in field) return field
      place.asked(nth)
      const { streams, withinMicros } = place
      return picked(ofField(field), (frame) => earlier(frame, streams, nth, withinMicros))
    },
  }
}

/** The n-th event before the present one among those of the streams; none if it is `within` old or older. */
function earlier(frame: Frame, streams: readonly Stream[], nth: number, withinMicros: number): Earlier | undefined {
  let left = nth
  for (const one of frame.earlier)
    if (streams.includes(one.event.stream) && --left === 0) return frame.now - one.at < withinMicros ? one : undefined
  return undefined
}
