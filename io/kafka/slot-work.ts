import { PipelineError } from '../../core/errors.ts'
import { delayMs, pause, settledWithin } from './backoff.ts'
import type { Incoming, Offset, Slot, Stage, Turn } from './port.ts'

/** What kafkajs delivered of a slot and the stage has not handled. */
type Delivered = { readonly records: readonly Incoming[]; readonly turn: Turn }

/** The work of one slot for as long as this member has it: from one join of the group to the next. */
export type SlotWork = {
  readonly slot: Slot
  /** The offset kafkajs must deliver next; `undefined` until the stage has said where to start. */
  expected: Offset | undefined
  /** First offset the stage has not handled. */
  handled: Offset
  /** The slot's end when last heard of. */
  end: Offset
  /** Takes a delivery; resolves when it is handled, or after a moment if that takes longer. */
  take(delivered: Delivered): Promise<void>
  /** Deliveries that wait. */
  readonly waiting: number
  /** Resolves when no call of the stage is under way; nothing is begun after it was called. */
  drain(): Promise<void>
}

/** kafkajs fetches from a broker again only when all its deliveries were taken, so a slow slot must not hold the others up. */
const PATIENCE_MS = 100
const LONGEST_PAUSE_MS = 1000

export type SlotWorkDeps = {
  readonly stage: Stage
  /** Whether the slot is still ours, as far as we know. */
  readonly isCurrent: () => boolean
  readonly onFault: (error: unknown) => void
  /** Fewer deliveries wait than before. */
  readonly onProgress: () => void
  /** The stage goes on elsewhere than with what was delivered; deliver from there. */
  readonly onJump: (next: Offset) => void
  readonly signal: AbortSignal
}

export function createSlotWork(slot: Slot, deps: SlotWorkDeps): SlotWork {
  const { stage, isCurrent, onFault, onProgress, onJump, signal } = deps
  const queue: Delivered[] = []
  let running: Promise<void> | undefined
  const draining = new AbortController()

  async function run(): Promise<void> {
    let idleAttempts = 0
    while (queue.length > 0 && isCurrent() && !draining.signal.aborted) {
      const [{ records, turn } = NOTHING] = queue
      const before = work.handled
      const outcome = await handle(records, turn)
      if (outcome === undefined || !isCurrent()) break
      work.handled = outcome
      if (outcome < before || outcome > (work.expected ?? 0)) {
        queue.length = 0
        work.expected = outcome
        onJump(outcome)
      } else keepFrom(outcome)
      idleAttempts = outcome === before ? idleAttempts + 1 : 0
      if (idleAttempts > 0) await pause(Math.min(LONGEST_PAUSE_MS, delayMs(idleAttempts, Math.random)), signal)
      onProgress()
    }
    running = undefined
  }

  /** What was left over comes again from here: it need not be fetched a second time. */
  function keepFrom(next: Offset): void {
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const rest = head.records.findIndex(({ offset }) => offset >= next)
      if (rest > 0) queue[0] = { ...head, records: head.records.slice(rest) }
      if (rest >= 0) return
      queue.shift()
    }
  }

  /** `undefined`: the stage failed for good. */
  async function handle(records: readonly Incoming[], turn: Turn): Promise<Offset | undefined> {
    try {
      const next = await stage.batch(slot, records, turn)
      if (Number.isSafeInteger(next) && next >= 0) return next
      throw new PipelineError('WRONG_USE', `the stage answered ${next}, which is no offset`)
    } catch (error) {
      if (!isCurrent()) return undefined
      if (error instanceof PipelineError && error.retriable) return work.handled
      onFault(error)
      return undefined
    }
  }

  const work: SlotWork = {
    slot,
    expected: undefined,
    handled: 0,
    end: 0,
    get waiting() {
      return queue.length
    },
    async take(delivered) {
      queue.push(delivered)
      running ??= run()
      await settledWithin(PATIENCE_MS, running)
    },
    async drain() {
      draining.abort()
      await running
    },
  }
  return work
}

const NOTHING: Delivered = { records: [], turn: { end: 0, alive: async () => false } }
