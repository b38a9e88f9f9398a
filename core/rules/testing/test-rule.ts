import type { Match } from '../../match.ts'
import { micros } from '../../time.ts'
import { compileRule } from '../compile/compile.ts'
import { DEFAULT_MOST_PARTIALS } from '../compile/compile-pattern.ts'
import type { Rule, RuleTest } from '../document.ts'
import { durationMicros } from '../read/duration.ts'
import type { RuleEvent } from '../events.ts'
import type { Program } from '../program.ts'
import type { FailedTest } from '../validate/world.ts'
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

/** Records of all tests of a rule together: they run while someone waits, most of a second. */
const MOST_RECORDS = 50_000
const MOST_TRIES = 20_000_000

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
  const tests = ran(rule, watch.compile)
  return { tests, coverage: coverageOf(watch) }
}

/** The tests that fail, as the check of a rule asks for them; nobody looks at what they cover. */
export const failedTests = (rule: Rule, _program: Program): readonly FailedTest[] =>
  ran(rule, compileRule).flatMap(({ failure }, test) => (failure === undefined ? [] : [{ test, ...failure }]))

function ran(rule: Rule, compile: Watch['compile']): readonly TestResult[] {
  const most = mostRecords(rule)
  let left = most
  return (rule.tests ?? []).map((test) => {
    const { name } = test
    const given = givenEvents(test)
    if ('problem' in given) {
      const got = `something else at /${given.pointer.join('/')}`
      return { name, failure: { expected: given.problem, got }, matches: [] }
    }
    left -= given.events.length
    if (left < 0) {
      const expected = `at most ${most} records in all tests together`
      return { name, failure: { expected, got: 'more' }, matches: [] }
    }
    const matches = matchesIn(rule, test, given.events, compile)
    if (matches === undefined) return { name, failure: WRONG_RULE, matches: [] }
    return { name, failure: differenceOf(test.expect, matches), matches }
  })
}

const WRONG_RULE = { expected: 'a rule without errors', got: 'one that does not compile' }

/** Each record may be put to every partial of a pattern. */
const mostRecords = ({ pattern }: Rule): number =>
  pattern === undefined
    ? MOST_RECORDS
    : Math.min(MOST_RECORDS, Math.floor(MOST_TRIES / (pattern.maxPartials ?? DEFAULT_MOST_PARTIALS)))

function matchesIn(
  rule: Rule,
  { until }: RuleTest,
  events: readonly RuleEvent[],
  compile: Watch['compile'],
): readonly Match[] | undefined {
  const made: { program: Program | undefined } = { program: undefined }
  const keeping: Watch['compile'] = (one, allot) => {
    const compiled = compile(one, allot)
    made.program = 'program' in compiled ? compiled.program : undefined
    return compiled
  }
  const run = startRun({ rules: [rule], from: TEST_START, compile: keeping })
  if (made.program === undefined) return undefined
  for (const event of events) run.take({ offset: event.offset, now: event.at, events: [event], control: undefined })
  const last = events.at(-1)?.at ?? TEST_START
  run.finish(micros(until === undefined ? last + tailOf(made.program) : TEST_START + (durationMicros(until) ?? 0)))
  return matchesOf(run, rule.id)
}
