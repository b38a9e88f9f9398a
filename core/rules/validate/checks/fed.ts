import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import { streamsOf, type Rule } from '../../document.ts'
import { conjunctsOf, namesIn, nodesIn, type Node } from '../../expression/node.ts'
import { fieldOf } from '../../fields.ts'
import { wrong } from '../../read/shape.ts'

/**
 * W804 for an aggregate that never gets a record: the rule's `where` filters its records too, and asks for a field that none of
 * its streams has. What is absent counts as false.
 */
export function checkFed(rule: Rule, where: Node | undefined): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  if (where === undefined) return diagnostics
  const needed = conjunctsOf(where)
    .filter((conjunct) => !nodesIn(conjunct).some(bearsAbsence))
    .flatMap((node) => namesIn(node).map(({ name }) => name))
  for (const [name, one] of Object.entries(rule.let ?? {})) {
    if (typeof one === 'string') continue
    const streams = one.on === undefined ? streamsOf(rule) : [one.on]
    const lacking = needed.find((field) => streams.every((stream) => fieldOf(stream, field ?? '') === undefined))
    if (lacking !== undefined)
      wrong(
        diagnostics,
        pointerTo('/let', name),
        `This never gets a record: "where" filters the records of aggregates too, and ${streams.join(', ')} has no "${lacking}". Ask for ${lacking} in "when" instead, or in the "where" of another aggregate.`,
        'W804',
      )
  }
  return diagnostics
}

/** May have a value though a part of it is absent. */
const bearsAbsence = (node: Node): boolean =>
  (node.kind === 'binary' && (node.op === '||' || node.op === '&&')) ||
  (node.kind === 'call' && (node.name === 'has' || node.name === 'orElse')) ||
  node.kind === 'choice'
