import { toIso, type Micros } from '../core/time.ts'
import { createFanOut, jsonTexts, type FanOut } from './fan-out.ts'
import { LIMITS, type Limits } from './hub.ts'
import type { SignalBoard } from './signal-board.ts'
import { fits, signalFilterKey, type Signal, type SignalFilter } from './signal.ts'

/**
 * Fan-out of signals: first the open ones, then changes. What a client missed meanwhile comes conflated, but no beginning and no
 * end is left out.
 */
export type SignalHub = FanOut<SignalFilter>

export function createSignalHub(board: SignalBoard, source: string, limits: Limits = LIMITS): SignalHub {
  const textOf = jsonTexts()
  const frame = (isSnapshot: boolean, signals: readonly Signal[], now: Micros): Buffer => {
    const head = {
      type: 'arbitrage_signal',
      channel: 'signals',
      snapshot: isSnapshot,
      sequence: board.sequence(),
      time: toIso(now),
      source,
    }
    return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"signals":[${signals.map(textOf).join(',')}]}`)
  }
  return createFanOut(
    {
      sequence: () => board.sequence(),
      since: (sequence) => board.since(sequence),
      keyOf: signalFilterKey,
      state(filter, now) {
        const wanted = board.open().filter((signal) => fits(filter, signal))
        return frame(true, wanted, now)
      },
      update(changes, filter, now) {
        const wanted = changes.flatMap(({ signal }) => (fits(filter, signal) ? [signal] : []))
        return wanted.length === 0 ? undefined : frame(false, wanted, now)
      },
    },
    limits,
  )
}
