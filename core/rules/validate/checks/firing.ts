import type { Compiling } from '../../compile/compiling.ts'
import type { Diagnostic } from '../../diagnostic.ts'
import type { Rule } from '../../document.ts'
import { durationMicros, durationText } from '../../read/duration.ts'
import { DEFAULT_RENEW, RENEW_MICROS } from '../../compile/renewal.ts'
import { wrong } from '../../read/shape.ts'

/** E202, E501, E502, what `release` and `action` cannot do without, and W808: alerts that nothing holds back. */
export function checkFiring(rule: Rule, _all: Compiling): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const say = (at: string, message: string, code: string): void => void wrong(diagnostics, at, message, code)
  const { when, pattern, edge, hold, release, cooldown, emit } = rule
  if (when === undefined && pattern === undefined)
    say('', 'A rule says "when" it fires or which "pattern" it waits for; this one says neither.', 'E202')
  if (when !== undefined && pattern !== undefined)
    say('/pattern', 'A rule has "when" or "pattern", not both; make two rules of it.', 'E202')

  const set = Object.entries({ hold, release, edge }).filter(([, value]) => value !== undefined)
  for (const [name] of set)
    if (pattern !== undefined && when === undefined)
      say(`/${name}`, `"${name}" is for rules with "when"; a pattern fires once for each match.`, 'E501')
    else if (edge === 'every' && name !== 'edge')
      say(`/${name}`, `With "edge": "every" each record fires on its own, so that there is nothing to ${name}.`, 'E501')
  if (release !== undefined && release.when === undefined && release.after === undefined)
    say('/release', '"release" says nothing: give it "when", "after" or both, or leave it out.', 'E201')

  const renew = rule.renew ?? DEFAULT_RENEW
  const holdMicros = hold === undefined ? undefined : durationMicros(hold)
  // Renewal ends what has held for long; what must hold for longer than from one to the next would fire once and never again.
  if (holdMicros !== undefined && holdMicros >= RENEW_MICROS[renew])
    say(
      '/hold',
      `Firing begins anew each ${renew} ("renew"), so that what holds for ${hold} would not fire again; take a shorter "hold" or a longer "renew".`,
      'E502',
    )
  const [, period] = cooldown?.max ?? []
  const periodMicros = period === undefined ? undefined : durationMicros(period)
  if (periodMicros !== undefined && periodMicros > 0 && RENEW_MICROS[renew] % periodMicros !== 0)
    say(
      '/cooldown/max/1',
      `The counters of "max" begin anew each ${renew} ("renew"), which ${durationText(periodMicros)} does not divide; take such as 10m, 15m or ${renew}.`,
      'E502',
    )
  if (emit.action !== undefined && emit.alert !== true)
    say('/emit/action', 'An action is done by the alert path: it needs "alert": true.', 'E201')
  if (edge === 'every' && emit.alert === true && cooldown === undefined)
    say(
      '/emit/alert',
      'With "edge": "every" each record for which "when" holds is an alert of its own; add "cooldown", or leave "edge" out.',
      'W808',
    )
  return diagnostics
}
