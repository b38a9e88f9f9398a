import type { Opportunity } from '../core/opportunity.ts'
import { compareOrigins } from '../core/origin-sieve.ts'
import type { Derived } from '../core/processor.ts'
import { MICROS_PER_SECOND, fromIso, type Micros } from '../core/time.ts'
import { signalOf, type Signal } from './signal.ts'

/** A CLOSE by time is on the log a moment after the time: only one that does not come is missed. */
const GRACE = 5 * MICROS_PER_SECOND
/** Changes that are kept for clients that are behind. */
const KEPT = 10_000

/** Something that happened to a signal. `isPassing`: an UPDATE, which a later change makes needless. */
export type SignalChange = { readonly sequence: number; readonly signal: Signal; readonly isPassing: boolean }

/**
 * The signals that are open, and what happened to signals of late. Owns its state and changes it in place.
 *
 * Every change takes the next `sequence`; of the UPDATEs of one signal only the newest is kept, OPENs and ends all are, so
 * that "what happened since N" is conflated without a client's losing a beginning or an end.
 */
export type SignalBoard = {
  sequence(): number
  open(): readonly Signal[]
  /** Ascending; `undefined` if a beginning or an end after that number is no longer kept. */
  since(sequence: number): readonly SignalChange[] | undefined
  /** Replaces what is known: after a start, or a hole in what was heard. */
  restore(signals: readonly Signal[]): void
  /** Records of one partition in the order of the log, repeats taken out. */
  take(record: Derived<Opportunity>): void
  /** Ends what is past its time: an upgrade may leave an OPEN without CLOSE. */
  expire(now: Micros): void
  /** The newest moment of any record, the present of a recording. */
  latest(): Micros | undefined
}

export function createSignalBoard(kept: number = KEPT): SignalBoard {
  const signals = new Map<string, Signal>()
  const passing = new Map<string, SignalChange>()
  let changes: SignalChange[] = []
  let needless = new Set<SignalChange>()
  let sequence = 0
  /** Number of the newest beginning or end that was given up. */
  let forgotten = 0
  let latest: Micros | undefined

  function push(signal: Signal, isPassing: boolean): void {
    const change = { sequence: ++sequence, signal, isPassing }
    const before = passing.get(signal.id)
    if (before !== undefined) needless.add(before)
    if (isPassing) passing.set(signal.id, change)
    else passing.delete(signal.id)
    changes.push(change)
    if (changes.length > 2 * kept) tidy()
  }

  function tidy(): void {
    const needed = changes.filter((change) => !needless.has(change))
    needless = new Set()
    changes = needed.slice(-kept)
    for (const { signal, sequence: number, isPassing } of needed.slice(0, -kept)) {
      forgotten = number
      if (isPassing) passing.delete(signal.id)
    }
  }

  const end = (signal: Signal): void => {
    signals.delete(signal.id)
    push({ ...signal, state: 'closed' }, false)
  }

  return {
    sequence: () => sequence,
    open: () => [...signals.values()],
    since(number) {
      if (number < forgotten) return undefined
      const first = changes.findLastIndex((change) => change.sequence <= number) + 1
      return changes.slice(first).filter((change) => !needless.has(change))
    },
    restore(known) {
      signals.clear()
      passing.clear()
      changes = []
      needless = new Set()
      // Whoever is behind this gets a new state, not changes.
      forgotten = ++sequence
      for (const signal of known) signals.set(signal.id, signal)
    },
    take(record) {
      latest = latest === undefined || record.at > latest ? record.at : latest
      const known = signals.get(record.opportunityId)
      if (known !== undefined && compareOrigins(record.origin, known.origin) <= 0) return
      const signal = signalOf(record, known?.openEdgeBps)
      if (signal.state === 'closed') return end(signal)
      signals.set(signal.id, signal)
      push(signal, known !== undefined && record.phase === 'UPDATE')
    },
    expire(now) {
      for (const signal of signals.values()) if (now > (fromIso(signal.endsBy) ?? now) + GRACE) end(signal)
    },
    latest: () => latest,
  }
}
