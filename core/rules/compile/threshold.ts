import { isName, nodesIn, usesClock, type Node, type OrderOperator } from '../expression/node.ts'
import { isOrder, TURNED } from './guards.ts'
import type { Threshold } from '../program.ts'

/** Of a condition that compares numbers, one side of the present event alone, the other of what was taken alone. */
export function thresholdOf(node: Node): Threshold | undefined {
  if (node.kind !== 'binary' || !isOrder(node.op)) return undefined
  const { left, right, op } = node
  if (isOfEvent(left) && isOfTaken(right)) return between(op, left, right)
  return isOfTaken(left) && isOfEvent(right) ? between(TURNED[op], right, left) : undefined
}

function between(
  op: OrderOperator,
  { expression: ofEvent }: Node,
  { expression: ofTaken }: Node,
): Threshold | undefined {
  if (ofEvent.type === 'string' || ofEvent.type === 'bool' || ofTaken.type === 'string' || ofTaken.type === 'bool')
    return undefined
  return { op, ofEvent: ofEvent.read, ofTaken: ofTaken.read }
}

const usesTaken = (node: Node): boolean => node.kind === 'member' || node.kind === 'overStep'

/** `prev` and the clock are the event's too. */
const isOfEvent = (node: Node): boolean => !nodesIn(node).some(usesTaken)

const isOfTaken = (node: Node): boolean =>
  nodesIn(node).some(usesTaken) && nodesIn(node).every((one) => !isName(one) || usesTaken(one)) && !usesClock(node)
