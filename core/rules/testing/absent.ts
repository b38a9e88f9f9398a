import type { Let } from '../compile/lets.ts'
import type { Node } from '../expression/node.ts'
import type { Frame, Value } from '../frame.ts'

/** What is explained besides the frame: the `let` values, and what is written of those that are texts. */
export type Known = { readonly lets: ReadonlyMap<string, Let>; readonly textOf: (name: string) => string }

/** Why a part has no value in this frame, in words; it was read as absent there. */
export function absentReason(node: Node, text: string, frame: Frame, known: Known): string {
  const within = (one: Node): string | undefined =>
    isAbsent(one.expression.read(frame)) ? absentReason(one, text, frame, known) : undefined
  const part = text.slice(node.from, node.to)
  switch (node.kind) {
    case 'literal':
      return `\`${part}\` has no value`
    case 'name':
      return ofName(node.name, frame, known)
    case 'member':
      return `the step \`${node.step}\` has no \`${node.name}\``
    case 'overStep':
      return `the step \`${node.step}\` has taken nothing with a value for \`${part}\``
    case 'previous':
      return `there is no event ${node.nth} back within the pattern's time, or it has no \`${node.name}\``
    case 'unary':
    case 'in':
      return within(node.of) ?? `\`${part}\` has no value`
    case 'choice':
      return within(node.if) ?? within(node.yes) ?? within(node.no) ?? `\`${part}\` has no value`
    case 'call':
      return firstOf(node.of.map(within)) ?? `\`${part}\` has no value for these arguments`
    case 'binary': {
      const below = within(node.left) ?? within(node.right)
      if (below !== undefined) return below
      return node.op === '/' && node.right.expression.read(frame) === 0
        ? `\`${part}\` divides by zero`
        : `\`${part}\` is no finite number`
    }
  }
}

export const isAbsent = (value: Value): boolean => value === undefined || Number.isNaN(value)

const firstOf = (all: readonly (string | undefined)[]): string | undefined => all.find((one) => one !== undefined)

function ofName(name: string, frame: Frame, known: Known): string {
  const one = known.lets.get(name)
  if (one === undefined) return `this ${frame.event.stream} has no \`${name}\``
  if (one.node !== undefined) return absentReason(one.node, known.textOf(name), frame, known)
  const agg = one.aggregate?.written.agg
  return `\`${name}\` (${agg}) has ${TOO_FEW.get(agg ?? '') ?? 'nothing in its window'}`
}

const TOO_FEW: ReadonlyMap<string, string> = new Map([
  ['var', 'fewer than 2 values in its window'],
  ['sd', 'fewer than 2 values in its window'],
  ['corr', 'fewer than 2 different values in its window'],
  ['beta', 'fewer than 2 different values in its window'],
  ['slope', 'fewer than 2 different times in its window'],
  ['vwap', 'no volume in its window'],
  ['twap', 'no value for any time in its window'],
])
