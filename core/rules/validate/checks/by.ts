import type { Compiling } from '../../compile/compiling.ts'
import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import type { Rule, Scope } from '../../document.ts'
import type { Stream } from '../../events.ts'
import { didYouMean } from '../../expression/nearest.ts'
import { fieldNames, fieldOf } from '../../fields.ts'
import { wrong } from '../../read/shape.ts'

/** What records of one partition have in common, by scope. */
const NEEDED: Readonly<Record<Scope, readonly string[]>> = {
  asset: ['base', 'symbol'],
  exchange: ['exchange'],
  pair: ['pair'],
}

/** Names that would do. */
const textsOf = (all: readonly Stream[]): readonly string[] =>
  fieldNames(all).filter((name) => all.every((stream) => fieldOf(stream, name)?.type === 'string'))

/** E204 and E205: what state is kept by must be a text of every stream, and tell the partition. */
export function checkBy(rule: Rule, { all }: Compiling): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  for (const [index, name] of rule.by.entries()) {
    const at = pointerTo('/by', index)
    const without = all.filter((stream) => fieldOf(stream, name)?.type !== 'string')
    if (rule.by.indexOf(name) < index) wrong(diagnostics, at, `"${name}" stands here twice; write it once.`, 'E204')
    else if (without.length > 0)
      wrong(
        diagnostics,
        at,
        `"${name}" is no text field of ${without.join(', ')}: the key of such a record would not be known.${didYouMean(name, textsOf(all))}`,
        'E204',
      )
  }
  const scope = rule.scope ?? 'asset'
  const needed = NEEDED[scope]
  if (!rule.by.some((name) => needed.includes(name)))
    wrong(
      diagnostics,
      '/by',
      `In the scope "${scope}" a partition holds whole ${needed[0]}s: "by" must hold ${needed.map((one) => `"${one}"`).join(' or ')}, not only ${rule.by.join(', ')}.`,
      'E205',
    )
  return diagnostics
}
