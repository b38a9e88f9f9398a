import type { Control } from './tick.ts'

/** Which epoch of each control document is in force, by document id. */
export type ControlSet = Map<string, { readonly epoch: number; readonly hash: string }>

/**
 * What becomes of a control record: `new` is in force from this record on; `repeat` changes nothing, nor does an `old` one;
 * `conflict`, the epoch in force with other content, is a fault.
 */
export type Taken = 'new' | 'repeat' | 'old' | 'conflict'

/** Takes the record into the set, which is changed in place. */
export function takeControl(
  inForce: ControlSet,
  { documentId, epoch, hash }: Pick<Control, 'documentId' | 'epoch' | 'hash'>,
): Taken {
  const current = inForce.get(documentId)
  if (current !== undefined && epoch < current.epoch) return 'old'
  if (current?.epoch === epoch) return current.hash === hash ? 'repeat' : 'conflict'
  inForce.set(documentId, { epoch, hash })
  return 'new'
}
