import { isError } from '../core/rules/diagnostic.ts'
import { holesOf, type Coverage } from '../core/rules/testing/coverage.ts'
import { testRule } from '../core/rules/testing/test-rule.ts'
import type { Judge } from '../io/rules-world.ts'
import type { RuleFile } from './rule-files.ts'
import { diagnosticLines } from './rule-print.ts'

type Deps = { readonly judge: Judge; readonly json: boolean; readonly print: (line: string) => void }

/** Runs the tests that rules carry, and says what they never showed; 2 if one fails or a rule has an error. */
export function testFiles({ judge, json, print }: Deps, files: readonly RuleFile[]): number {
  let [passed, failed] = [0, 0]
  for (const { file, document } of files) {
    const { rule, diagnostics } = judge(document, {
      others: [],
      versions: undefined,
      active: undefined,
      runTests: undefined,
    })
    const errors = diagnostics.filter(isError)
    if (rule === undefined || errors.length > 0) {
      failed += 1
      for (const one of errors)
        if (json) print(JSON.stringify({ file, ...one }))
        else diagnosticLines(file, document, one).forEach(print)
      continue
    }
    const { tests, coverage } = testRule(rule)
    const holes = holesOf(coverage)
    const failures = tests.filter(({ failure }) => failure !== undefined).length
    failed += failures
    passed += tests.length - failures
    if (json) {
      for (const { name, failure } of tests) print(JSON.stringify({ file, test: name, passed: !failure, ...failure }))
      print(JSON.stringify({ file, holes }))
      continue
    }
    print(`${file}${tests.length === 0 ? ': no tests' : ''}`)
    for (const { name, failure } of tests)
      if (failure === undefined) print(`  passed  ${name}`)
      else
        [`  FAILED  ${name}`, `          expected ${failure.expected}`, `          got ${failure.got}`].forEach(print)
    if (tests.length > 0) holeLines(holes).forEach(print)
  }
  if (!json) print(failed === 0 ? `passed: ${passed} test(s)` : `${failed} failed, ${passed} passed`)
  return failed === 0 ? 0 : 2
}

const holeLines = ({ conditions, steps }: Coverage): readonly string[] => [
  ...conditions.map(({ pointer, text, isTrue, isFalse }) => {
    const never = [...(isTrue ? [] : ['true']), ...(isFalse ? [] : ['false'])].join(' nor ')
    return `  never ${never}: ${text} (${pointer})`
  }),
  ...steps.map(({ name }) => `  took nothing: the step ${name}`),
]
