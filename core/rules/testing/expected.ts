import type { Match, Told } from '../../match.ts'
import { MICROS_PER_SECOND } from '../../time.ts'
import { durationMicros } from '../read/duration.ts'
import type { RuleTest } from '../document.ts'
import { shown } from '../read/shape.ts'
import { TEST_START } from './given.ts'
import { written } from './plain.ts'

type Expectation = RuleTest['expect'][number]
type Difference = { readonly expected: string; readonly got: string }

const NEAR = 1e-9

/** Numbers are the same within 1e-9 of the greater. */
export const isSame = (expected: unknown, got: Told | undefined): boolean =>
  typeof expected === 'number' && typeof got === 'number'
    ? Math.abs(expected - got) <= NEAR * Math.max(Math.abs(expected), Math.abs(got))
    : expected === got

/** The first difference between what a test expects and what was written, in the words of a sentence; `undefined`: none. */
export function differenceOf(expect: RuleTest['expect'], matches: readonly Match[]): Difference | undefined {
  const pairs = Array.from({ length: Math.max(expect.length, matches.length) }, (_, at) => at)
  for (const at of pairs) {
    const [wanted, match] = [expect[at], matches[at]]
    if (wanted === undefined) {
      const more = match === undefined ? 'more' : briefly(match)
      return at === 0 ? { expected: 'no match', got: more } : { expected: `${count(at)} only`, got: `also ${more}` }
    }
    if (match === undefined) return { expected: described(wanted), got: at === 0 ? 'no match' : `${count(at)} only` }
    const difference = unlike(wanted, match)
    if (difference !== undefined) return difference
  }
  return undefined
}

const count = (n: number): string => (n === 1 ? 'one match' : `${n} matches`)

/** `40.5s`: since the test began. */
const since = (at: number): string => `${(at - TEST_START) / MICROS_PER_SECOND}s`
const briefly = ({ phase, reason, type, at }: Match): string =>
  `${phase}${reason === undefined ? '' : `(${reason})`} ${type} at ${since(at)}`

type Told1 = {
  readonly name: string
  readonly wanted: unknown
  readonly got: Told | undefined
  readonly isMet: boolean
}

function unlike(wanted: Expectation, match: Match): Difference | undefined {
  const unmet = claimsOf(wanted, match).filter(({ isMet }) => !isMet)
  if (unmet.length === 0) return undefined
  const list = (of: (claim: Told1) => unknown): string =>
    unmet.map((claim) => `${claim.name} ${shown(of(claim))}`).join(', ')
  return {
    expected: `${list(({ wanted: one }) => one)} of the match at ${since(match.at)}`,
    got: list(({ got }) => got),
  }
}

function claimsOf({ at, type, phase, severity, key, fields }: Expectation, match: Match): readonly Told1[] {
  const claims: Told1[] = []
  const claim = (name: string, wanted: unknown, got: Told | undefined): void => {
    if (wanted !== undefined) claims.push({ name, wanted, got, isMet: isSame(wanted, got) })
  }
  if (at !== undefined) {
    const wanted = TEST_START + (durationMicros(at) ?? 0)
    claims.push({ name: 'time', wanted: since(wanted), got: since(match.at), isMet: wanted === match.at })
  }
  claim('phase', phase, match.phase)
  claim('type', type, match.type)
  claim('severity', severity, match.severity)
  for (const [name, value] of Object.entries(key ?? {})) claim(`key ${name}`, plainly(value), match.key[name])
  for (const [name, value] of Object.entries(fields ?? {})) claim(`field ${name}`, plainly(value), match.fields[name])
  return claims
}

/** Null and what is absent are one, as in matches. */
function plainly(value: unknown): unknown {
  const one = written(value)
  return 'problem' in one ? value : (one.valueOf(0) ?? null)
}

function described({ at, type, phase, severity, fields }: Expectation): string {
  const what = [phase, type].filter((one) => one !== undefined).join(' ') || 'a match'
  const when = at === undefined ? '' : ` at ${at}`
  const more = [
    ...(severity === undefined ? [] : [severity]),
    ...Object.entries(fields ?? {}).map(([name, value]) => `${name} ${shown(value)}`),
  ]
  return `${what}${when}${more.length === 0 ? '' : ` (${more.join(', ')})`}`
}
