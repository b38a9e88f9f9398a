import type { Match } from '../../match.ts'
import { micros } from '../../time.ts'
import type { Rule, RuleTest } from '../document.ts'
import { durationMicros } from '../duration.ts'
import type { Program } from '../program.ts'
import type { FailedTest } from '../world.ts'
import { coverageOf, type Coverage, type Watch, watchingCompile } from './coverage.ts'
import { differenceOf } from './expected.ts'
import { givenEvents, TEST_START } from './given.ts'
import { matchesOf, startRun, tailOf } from './run.ts'

/** `failure`: why it did not pass, both halves of "expects …, but got …". */
export type TestResult = {
  readonly name: string
  readonly failure: { readonly expected: string; readonly got: string } | undefined
  readonly matches: readonly Match[]
}

export type TestReport = { readonly tests: readonly TestResult[]; readonly coverage: Coverage }

/** Records of all tests of a rule together: they run while someone waits. */
const MOST_RECORDS = 200_000

/**
 * Runs a rule's own tests (rules.md section 13) through the engine: each from nothing, the rule speaking from the first record on.
 *
 * The clock starts at 2024-01-01T00:00:00Z. Records come in the order of their `at`, of one time as they are written; `repeat`
 * without `every`: all at one time. After the last one the clock runs on by `within` (patterns) or `hold` and `release.after`, so
 * that holds, releases, absences and timeouts come out; renewals do not on that way, so that nothing ends for the clock alone. With
 * `until` it runs to there instead, or to the last record if that is later: how a test says that an absence has not lasted yet.
 *
 * `expect` is the list of all matches of the rule in their order; what an expectation does not name is not compared. Never throws.
 */
export function testRule(rule: Rule): TestReport {
  const watch: Watch = watchingCompile()
  let left = MOST_RECORDS
  const tests = (rule.tests ?? []).map((test): TestResult => {
    const given = givenEvents(test)
    if ('problem' in given) {
      const got = `something else at /${given.pointer.join('/')}`
      return { name: test.name, failure: { expected: given.problem, got }, matches: [] }
    }
    left -= given.events.length
    if (left < 0) return { name: test.name, failure: TOO_MANY, matches: [] }
    const matches = matchesIn(rule, test, given.events, watch)
    if (matches === undefined) return { name: test.name, failure: WRONG_RULE, matches: [] }
    return { name: test.name, failure: differenceOf(test.expect, matches), matches }
  })
  return { tests, coverage: coverageOf(watch) }
}

const TOO_MANY = { expected: `at most ${MOST_RECORDS} records in all tests together`, got: 'more' }
const WRONG_RULE = { expected: 'a rule without errors', got: 'one that does not compile' }

function matchesIn(
  rule: Rule,
  { until }: RuleTest,
  events: Extract<ReturnType<typeof givenEvents>, { events: unknown }>['events'],
  watch: Watch,
): readonly Match[] | undefined {
  const run = startRun({ rules: [rule], from: TEST_START, compile: watch.compile })
  const program = watch.program()
  if (program === undefined) return undefined
  for (const event of events) run.take({ offset: event.offset, now: event.at, events: [event], control: undefined })
  const last = events.at(-1)?.at ?? TEST_START
  run.finish(micros(until === undefined ? last + tailOf(program) : TEST_START + (durationMicros(until) ?? 0)))
  return matchesOf(run, rule.id)
}

/** The tests that fail, as the check of a rule asks for them. */
export const failedTests = (rule: Rule, _program: Program): readonly FailedTest[] =>
  testRule(rule).tests.flatMap(({ failure }, test) => (failure === undefined ? [] : [{ test, ...failure }]))
