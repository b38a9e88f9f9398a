import { isOpen, type OpenTick } from '../../core/arrivals.ts'
import type { Logged } from '../../core/processor.ts'
import type { Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'

/** A moment of test logs, at the start of a minute: 2026-11-20T10:15:00Z. */
export const MINUTE = micros(1_795_169_700_000_000)

/** So many milliseconds after {@link MINUTE}. */
export const ms = (millis: number): Micros => micros(MINUTE + Math.round(millis * 1000))

/**
 * A partition's log of these ticks, in this order: offsets from 0, stamped on receipt, ordinals counted per session unless the
 * tick has one of its own (not 0).
 */
export function logged(ticks: readonly Tick[], partition = 0): readonly Logged<OpenTick>[] {
  const ordinals = new Map<string, number>()
  return ticks.map((tick, offset) => {
    const session = `${tick.exchange}/${tick.session}`
    const ordinal = tick.ordinal === 0 ? (ordinals.get(session) ?? 0) : tick.ordinal
    ordinals.set(session, ordinal + 1)
    const value = { ...tick, ordinal }
    if (!isOpen(value)) throw new TypeError('a control tick needs its document: open it first')
    return { partition, offset, timestampMs: Math.floor(tick.receiveTime / 1000), value }
  })
}
