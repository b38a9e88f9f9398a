import { pointerTo, type Diagnostic } from '../diagnostic.ts'
import { didYouMean } from '../expression/nearest.ts'

/**
 * Whether a value read from JSON has a shape; what is wrong is added to the problems, all of it, with its place. It never
 * throws and looks at own members only.
 */
export type Check<T> = (value: unknown, at: string, problems: Diagnostic[]) => value is T

type Members = Readonly<Record<string, Check<unknown>>>
type ToldBy<C> = C extends ((value: unknown, at: string, problems: Diagnostic[]) => value is infer T) ? T : never
type Shaped<Required extends Members, Optional extends Members> = {
  readonly [K in keyof Required]: ToldBy<Required[K]>
} & { readonly [K in keyof Optional]?: ToldBy<Optional[K]> }

/** E201 unless another code says more. Never gives true, so that a check can end with it. */
export function wrong(problems: Diagnostic[], at: string, message: string, code = 'E201'): false {
  problems.push({ code, pointer: at, from: undefined, to: undefined, message })
  return false
}

const SHOWN_LETTERS = 40

/** A value in a sentence. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > SHOWN_LETTERS ? `${value.slice(0, SHOWN_LETTERS)}…` : value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (value === undefined) return 'nothing'
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? String(value) : 'an object'
}

export const mustBe = (what: string, value: unknown): string => `This must be ${what}, not ${shown(value)}.`

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value that passes `holds`; `what` says in the sentence what it must be. */
export const scalar =
  <T>(what: string, holds: (value: unknown) => boolean): Check<T> =>
  (value, at, problems): value is T =>
    holds(value) || wrong(problems, at, mustBe(what, value))

export const text = (what: string, form?: RegExp): Check<string> =>
  scalar(what, (value) => typeof value === 'string' && (form === undefined || form.test(value)))

export const bool: Check<boolean> = scalar('true or false', (value) => typeof value === 'boolean')

export const whole = (least: number, most: number): Check<number> =>
  scalar(
    `a whole number from ${least} to ${most}`,
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most,
  )

export const oneOf = <const T extends string>(known: readonly T[]): Check<T> => {
  const isKnown = (value: unknown): value is T => known.some((one) => one === value)
  return (value, at, problems): value is T =>
    isKnown(value) ||
    wrong(
      problems,
      at,
      `This must be one of ${known.join(', ')}, not ${shown(value)}${typeof value === 'string' ? didYouMean(value, known) : ''}.`,
    )
}

/** Either of two shapes, told apart by `isFirst`. */
export const either =
  <A, B>(isFirst: (value: unknown) => boolean, first: Check<A>, second: Check<B>): Check<A | B> =>
  (value, at, problems): value is A | B =>
    isFirst(value) ? first(value, at, problems) : second(value, at, problems)

export const list =
  <T>(what: string, of: Check<T>, { least, most }: { readonly least: number; readonly most: number }) =>
  (value: unknown, at: string, problems: Diagnostic[]): value is readonly T[] => {
    if (!Array.isArray(value) || value.length < least || value.length > most)
      return wrong(problems, at, mustBe(`a list of ${least} to ${most} ${what}`, value))
    return value.map((one, index) => of(one, pointerTo(at, index), problems)).every(Boolean)
  }

export const pair =
  <A, B>(what: string, first: Check<A>, second: Check<B>) =>
  (value: unknown, at: string, problems: Diagnostic[]): value is readonly [A, B] => {
    if (!Array.isArray(value) || value.length !== 2) return wrong(problems, at, mustBe(what, value))
    const checked = [first(value[0], pointerTo(at, 0), problems), second(value[1], pointerTo(at, 1), problems)]
    return checked.every(Boolean)
  }

/** Members of any name that has the form. */
export const named =
  <T>(what: string, name: Check<string>, of: Check<T>, most: number) =>
  (value: unknown, at: string, problems: Diagnostic[]): value is Readonly<Record<string, T>> => {
    if (!isRecord(value)) return wrong(problems, at, mustBe(`an object of ${what}`, value))
    const names = Object.keys(value)
    if (names.length > most)
      return wrong(problems, at, `These are ${names.length} ${what}; at most ${most} are allowed.`)
    return names
      .map((one) => name(one, pointerTo(at, one), problems) && of(value[one], pointerTo(at, one), problems))
      .every(Boolean)
  }

/** An object of known members; `what` names it in sentences, `missed` says more of single members that are missing. */
export const object =
  <R extends Members, O extends Members>(
    what: string,
    required: R,
    optional: O,
    missed: Readonly<Record<string, { readonly code: string; readonly hint: string }>> = {},
  ): Check<Shaped<R, O>> =>
  (value, at, problems): value is Shaped<R, O> => {
    if (!isRecord(value)) return wrong(problems, at, mustBe(`an object (${what})`, value))
    const known = [...Object.keys(required), ...Object.keys(optional)]
    const unknown = Object.keys(value).filter((name) => !known.includes(name))
    for (const name of unknown)
      wrong(problems, pointerTo(at, name), `${shown(name)} means nothing in ${what}${didYouMean(name, known)}.`)
    const missing = Object.keys(required).filter((name) => !Object.hasOwn(value, name))
    for (const name of missing)
      wrong(
        problems,
        at,
        `"${name}" is missing: ${what} cannot do without it${missed[name]?.hint ?? ''}.`,
        missed[name]?.code,
      )
    const held = known
      .filter((name) => Object.hasOwn(value, name))
      .map((name) => (required[name] ?? optional[name])?.(value[name], pointerTo(at, name), problems) === true)
    return unknown.length === 0 && missing.length === 0 && held.every(Boolean)
  }
