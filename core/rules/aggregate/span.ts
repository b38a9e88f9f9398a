import type { Window } from '../document.ts'
import { durationMicros, LONGEST_MICROS } from '../read/duration.ts'

/** A window with its lengths in microseconds; tumbling is hopping by its whole length. */
export type Span =
  | { readonly kind: 'sliding'; readonly lengthMicros: number }
  | { readonly kind: 'hopping'; readonly lengthMicros: number; readonly hopMicros: number }
  | { readonly kind: 'session'; readonly pauseMicros: number; readonly mostMicros: number }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'day' }

/** What is wrong with an aggregate (E301 to E304); the pointer is relative to the aggregate. */
export type Problem = { readonly code: string; readonly pointer: string; readonly message: string }

/** Below it a sliding window has no panes (core/panes.ts). */
const LEAST_MICROS = 32_000
/** A state of more is not small any longer. */
const MOST_COUNT = 2000

/** Reads a window; what is wrong is added to `problems`, then there is none. */
export function spanOf(over: Window, problems: Problem[]): Span | undefined {
  const before = problems.length
  const length = (text: string, pointer: string): number => {
    const micros = durationMicros(text)
    const wrong =
      micros === undefined
        ? `'${text}' is no length of time: write it as '250ms', '5s', '10m', '2h' or '1d'`
        : micros < LEAST_MICROS || micros > LONGEST_MICROS
          ? `a window is 32ms to 24h long, not ${text}`
          : undefined
    if (wrong !== undefined) problems.push({ code: 'E301', pointer, message: wrong })
    return micros ?? 0
  }
  const whole = (from: string, part: number, by: string, of: number, pointer: string, message: string): void => {
    if (problems.length === before && of % part !== 0)
      problems.push({ code: 'E301', pointer, message: `${by} ${message} ${from}` })
  }
  const found = read()
  return problems.length === before ? found : undefined

  function read(): Span {
    if ('sliding' in over) return { kind: 'sliding', lengthMicros: length(over.sliding, '/over/sliding') }
    if ('tumbling' in over) {
      const lengthMicros = length(over.tumbling, '/over/tumbling')
      return { kind: 'hopping', lengthMicros, hopMicros: lengthMicros }
    }
    if ('hopping' in over) {
      const lengthMicros = length(over.hopping[0], '/over/hopping/0')
      const hopMicros = length(over.hopping[1], '/over/hopping/1')
      whole(over.hopping[0], hopMicros, over.hopping[1], lengthMicros, '/over/hopping/1', 'does not divide')
      return { kind: 'hopping', lengthMicros, hopMicros }
    }
    if ('session' in over) {
      const pauseMicros = length(over.session, '/over/session')
      const mostMicros = length(over.max, '/over/max')
      if (problems.length === before && mostMicros < pauseMicros)
        problems.push({
          code: 'E301',
          pointer: '/over/max',
          message: `a session of at most ${over.max} never pauses ${over.session}`,
        })
      return { kind: 'session', pauseMicros, mostMicros }
    }
    if ('count' in over) {
      if (!Number.isInteger(over.count) || over.count < 1 || over.count > MOST_COUNT)
        problems.push({
          code: 'E304',
          pointer: '/over/count',
          message: `count: 1 to ${MOST_COUNT} values, not ${over.count}`,
        })
      return { kind: 'count', count: over.count }
    }
    return { kind: 'day' }
  }
}
