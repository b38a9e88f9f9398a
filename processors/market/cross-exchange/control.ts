import type { OpenControl } from '../../../core/arrivals.ts'
import { readArbitrage } from '../../../core/arbitrage/config.ts'
import { takeControl } from '../../../core/control-set.ts'
import { inForce, type InForce } from './judge.ts'
import { close, type Step } from './lifecycle.ts'
import { putInForce } from './state.ts'

/** So many problems of a document are told. */
const MOST_TOLD = 10

/**
 * A record of the document 'arbitrage'. A new epoch ends what is open and is in force from here on; one that cannot be read
 * leaves none in force, as it would for a run that began after it. Faults are told at each repeat, for the same reason.
 */
export function takeDocument(step: Step, { documentId, epoch, hash, document }: OpenControl): void {
  const { state } = step
  const taken = takeControl(state.controls, { documentId, epoch, hash })
  if (taken === 'old') return
  if (taken === 'conflict') return refuse(step, epoch, `epoch ${epoch} is in force with other content`, {})
  if (taken === 'repeat' && state.force !== undefined) return
  const read = readArbitrage(document)
  if ('problems' in read) {
    const told = read.problems.slice(0, MOST_TOLD).map(({ pointer, message }) => [pointer, message])
    refuse(step, epoch, `epoch ${epoch} has ${read.problems.length} problem(s)`, Object.fromEntries(told))
  }
  if (taken === 'new') replace(step, 'config' in read ? inForce(epoch, read.config) : undefined)
}

function replace(step: Step, next: InForce | undefined): void {
  const { state } = step
  for (const route of state.routes) if (route.entity !== undefined) close(step, route, route.entity, 'config')
  putInForce(state, next)
}

function refuse(
  { event, effects }: Step,
  epoch: number,
  message: string,
  problems: Readonly<Record<string, string>>,
): void {
  const details = { documentId: 'arbitrage', epoch: String(epoch), ...problems }
  const finding = { kind: 'CONTROL_REFUSED' as const, exchange: '', symbol: '', at: event.now, message, details }
  effects.emit({ kind: 'finding', finding })
}
