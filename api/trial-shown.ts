import type { Match } from '../core/match.ts'
import type { Explanation, Miss } from '../core/rules/testing/explanation.ts'
import type { TestReport } from '../core/rules/testing/test-rule.ts'
import { toIso } from '../core/time.ts'

const MOST_MATCHES = 1000
const MOST_OF_TEST = 100

/** What came of trying a rule, as answers show it: times are texts. */
export const explanationOf = ({ matches, misses, holds, patterns, absent, heldBack, ...rest }: Explanation) => ({
  ...rest,
  matches: matches.slice(0, MOST_MATCHES).map(matchOf),
  isWhole: matches.length <= MOST_MATCHES,
  misses: misses.map(missOf),
  holds: holds.map((one) => ({ ...one, from: toIso(one.from) })),
  patterns: patterns.map(({ nearest, taken, at, endedBy, ...one }) => ({
    ...one,
    at: toIso(at),
    taken: taken.map(({ step, event }) => ({ step, event: placed(event) })),
    endedBy: endedBy && placed(endedBy),
    nearest: nearest && missOf(nearest),
  })),
  absent,
  heldBack: heldBack.map(({ until, ...one }) => ({ ...one, until: until && toIso(until) })),
})

export const reportOf = ({ tests, coverage }: TestReport) => ({
  tests: tests.map(({ name, failure, matches }) => ({
    name,
    passed: failure === undefined,
    ...failure,
    matches: matches.slice(0, MOST_OF_TEST).map(matchOf),
  })),
  coverage,
})

const placed = <At extends Match['evidence'][number]>(one: At) => ({ ...one, at: toIso(one.at) })
const missOf = ({ at, event, ...one }: Miss) => ({ ...one, at: toIso(at), event: placed(event) })

/** Which rule it is of, and of which set, is known. */
function matchOf({ at, evidence, ...one }: Match) {
  const { type, phase, reason, severity, key, base, exchange, symbol, feed, fields, inputs, suppressed } = one
  return {
    type,
    phase,
    reason,
    severity,
    key,
    base,
    exchange,
    symbol,
    at: toIso(at),
    feed,
    fields,
    inputs,
    evidence: evidence.map(placed),
    suppressed,
  }
}
