import type { Compiling } from '../../compile/compiling.ts'
import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import type { Rule } from '../../document.ts'
import { fieldNames } from '../../fields.ts'
import { wrong } from '../../read/shape.ts'
import { takesOf } from '../../compile/takes.ts'

/** E204: a name that already means something. Fields count that any stream of the rule has. */
export function checkNames(rule: Rule, { all }: Compiling): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const fields = new Set(fieldNames(all))
  const lets = Object.keys(rule.let ?? {})
  const hidden = (name: string, at: string): boolean =>
    fields.has(name) &&
    !wrong(
      diagnostics,
      at,
      `"${name}" is a field of ${all.join(', ')} already; choose another name, such as "my_${name}".`,
      'E204',
    )
  for (const name of lets) hidden(name, pointerTo('/let', name))

  const before = new Set(lets)
  for (const { step, pointer } of rule.pattern === undefined ? [] : takesOf(rule.pattern)) {
    const at = pointerTo(pointer, 'as')
    if (!hidden(step.as, at) && before.has(step.as))
      wrong(diagnostics, at, `"${step.as}" is the name of something else already; choose another.`, 'E204')
    before.add(step.as)
  }
  return diagnostics
}
