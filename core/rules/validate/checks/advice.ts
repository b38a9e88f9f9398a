import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import type { Rule } from '../../document.ts'
import { durationMicros } from '../../read/duration.ts'
import { usesIn } from '../../compile/memo.ts'
import { takesOf } from '../../compile/takes.ts'
import { wrong } from '../../read/shape.ts'

/** W805 to W807: what is allowed and probably not meant. */
export function checkAdvice(rule: Rule): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const { cooldown, hold, pattern, tests = [] } = rule
  const [pause, held] = [cooldown?.for, hold].map((text) => (text === undefined ? undefined : durationMicros(text)))
  if (pause !== undefined && held !== undefined && pause < held)
    wrong(
      diagnostics,
      '/cooldown/for',
      `After a firing the condition must hold ${hold} again, so that a cool-down of ${cooldown?.for} holds nothing back; make it longer than "hold".`,
      'W805',
    )
  const skip = pattern?.skip
  const first = pattern === undefined ? undefined : takesOf(pattern)[0]
  if (typeof skip === 'object' && 'toFirst' in skip && first?.place === 0 && skip.toFirst === first.step.as)
    wrong(
      diagnostics,
      '/pattern/skip/toFirst',
      `"${skip.toFirst}" is the first step: skipping to where the match began drops nothing. Take "none" if that is meant, else "to-next".`,
      'W805',
    )
  if (tests.length === 0)
    wrong(
      diagnostics,
      '',
      'This rule has no tests: nobody sees whether it fires when it should. Add "tests" with records and the matches expected.',
      'W806',
    )
  else if (!tests.some(({ expect }) => expect.length === 0))
    wrong(diagnostics, '/tests', 'No test says when this rule must not fire; add one with "expect": [].', 'W806')
  const uses = usesIn(rule)
  if (rule.emit.evidence?.inputs !== true)
    for (const name of Object.keys(rule.let ?? {}).filter((one) => uses(one) === 0))
      wrong(
        diagnostics,
        pointerTo('/let', name),
        `Nothing asks for "${name}": it costs and says nothing. Leave it out, or write it with each match by "evidence": {"inputs": true}.`,
        'W807',
      )
  return diagnostics
}
