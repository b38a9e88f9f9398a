import type { Alert } from './alert.ts'
import { SEVERITIES, type Severity } from './match.ts'

/** Which alerts: those that have each of these. */
export type Matcher = {
  readonly ruleId?: string
  readonly type?: string
  readonly symbol?: string
  readonly exchange?: string
  readonly severity?: Severity
}

/** What is not to be told; `until` is excluded, both are milliseconds since the epoch. */
export type Silence = {
  readonly silenceId: number
  readonly matcher: Matcher
  readonly fromMs: number
  readonly untilMs: number
}

export type Silenceable = Pick<Alert, 'ruleId' | 'type' | 'symbol' | 'exchange' | 'severity'>

const NAMES = ['ruleId', 'type', 'symbol', 'exchange', 'severity'] as const
const LONGEST = 200

/** Reads a matcher strictly, or says what is wrong with it; one that matches everything is refused. */
export function readMatcher(value: unknown): { readonly matcher: Matcher } | { readonly problem: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'not an object' }
  const matcher: Record<string, string> = {}
  for (const [name, wanted] of Object.entries(value)) {
    if (!NAMES.some((known) => known === name)) return { problem: `${name}: unknown; known are ${NAMES.join(', ')}` }
    if (typeof wanted !== 'string' || wanted === '' || wanted.length > LONGEST)
      return { problem: `${name}: not a text of 1 to ${LONGEST} characters` }
    if (name === 'severity' && !SEVERITIES.some((known) => known === wanted))
      return { problem: `severity: not one of ${SEVERITIES.join(', ')}` }
    matcher[name] = wanted
  }
  if (Object.keys(matcher).length === 0) return { problem: 'names nothing: it would silence every alert' }
  return { matcher }
}

/** The first silence in force that matches an alert, in the order given. */
export function silenceOf(silences: readonly Silence[], alert: Silenceable, nowMs: number): Silence | undefined {
  return silences.find(
    ({ matcher, fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs && isMatched(matcher, alert),
  )
}

export const isMatched = (matcher: Matcher, alert: Silenceable): boolean =>
  NAMES.every((name) => matcher[name] === undefined || matcher[name] === alert[name])
