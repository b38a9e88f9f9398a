import type { Told } from '../../match.ts'
import type { Placed } from '../compile/compiling.ts'
import { pointerTo } from '../diagnostic.ts'
import { conjunctsOf, type BinaryOperator, type Node } from '../expression/node.ts'
import type { Frame, Value } from '../frame.ts'
import { absentReason, isAbsent, type Known } from './absent.ts'

/** What a part of a condition lacked. Of a comparison both sides; `margin`: (left − right) / the greater size of both. */
export type Lack = {
  readonly pointer: string
  readonly from: number
  readonly to: number
  readonly text: string
  readonly left: Told
  readonly right: Told
  readonly margin: number | undefined
  /** Why it has no value; `undefined`: it is false. */
  readonly absent: string | undefined
}

/**
 * The conjuncts that kept a condition from being true, those of the `let` conditions it names among them; of a disjunction the part
 * that came nearest.
 */
export function lacksOf(
  { node, pointer, text }: Pick<Placed, 'node' | 'pointer' | 'text'>,
  frame: Frame,
  known: Known,
): readonly Lack[] {
  return conjunctsOf(node).flatMap((one): readonly Lack[] => {
    if (one.expression.read(frame) === true) return []
    const named = one.kind === 'name' ? known.lets.get(one.name) : undefined
    return named?.node !== undefined
      ? lacksOf(
          { node: named.node, pointer: pointerTo('/let', named.name), text: known.textOf(named.name) },
          frame,
          known,
        )
      : [lackOf(one, pointer, text, frame, known)]
  })
}

/** How far from true: first how many conjuncts, then how far the farthest. */
export const isNearer = (one: readonly Lack[], other: readonly Lack[]): boolean =>
  one.length !== other.length ? one.length < other.length : farthest(one) < farthest(other)

const farthest = (lacks: readonly Lack[]): number => Math.max(0, ...lacks.map(distance))
/** What cannot be measured is as far as opposite numbers. */
const distance = ({ margin, absent }: Lack): number =>
  absent !== undefined ? 3 : margin === undefined ? 2 : Math.abs(margin)

function lackOf(node: Node, pointer: string, text: string, frame: Frame, known: Known): Lack {
  const { from, to } = node
  const sides = sidesOf(node, frame)
  const absent = isAbsent(node.expression.read(frame)) ? absentReason(node, text, frame, known) : undefined
  return { pointer, from, to, text: text.slice(from, to), ...sides, absent }
}

type Sides = Pick<Lack, 'left' | 'right' | 'margin'>
const NO_SIDES: Sides = { left: null, right: null, margin: undefined }

function sidesOf(node: Node, frame: Frame): Sides {
  if (node.kind === 'unary' && node.op === '!') return sidesOf(node.of, frame)
  if (node.kind === 'in') return { left: toldOf(node.of.expression.read(frame)), right: null, margin: undefined }
  if (node.kind !== 'binary') return NO_SIDES
  if (node.op === '||' || node.op === '&&') {
    const [left, right] = [sidesOf(node.left, frame), sidesOf(node.right, frame)]
    const isRightNearer = Math.abs(right.margin ?? Infinity) < Math.abs(left.margin ?? Infinity)
    return isRightNearer === (node.op === '||') ? right : left
  }
  if (!COMPARING.has(node.op)) return NO_SIDES
  const [left, right] = [node.left.expression.read(frame), node.right.expression.read(frame)]
  return { left: toldOf(left), right: toldOf(right), margin: marginOf(left, right) }
}

const COMPARING: ReadonlySet<BinaryOperator> = new Set(['<', '<=', '>', '>=', '==', '!='])

function marginOf(left: Value, right: Value): number | undefined {
  if (typeof left !== 'number' || typeof right !== 'number' || Number.isNaN(left - right)) return undefined
  const size = Math.max(Math.abs(left), Math.abs(right))
  return size === 0 ? 0 : (left - right) / size
}

export const toldOf = (value: Value): Told => (value === undefined || Number.isNaN(value) ? null : value)
