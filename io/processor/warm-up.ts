import { MEMORY } from '../../core/partition-clock.ts'
import { stepOnce, type Logged, type Processor } from '../../core/processor.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros, type Micros } from '../../core/time.ts'
import type { Offset, Ranges, Slot } from '../kafka/port.ts'
import { ahead } from './ahead.ts'
import type { TaskDeps } from './task.ts'

export type WarmUpDeps<State, In> = {
  readonly processor: Processor<State, In, unknown>
  readonly ranges: Pick<Ranges, 'bounds' | 'read' | 'atTime'>
  readonly read: TaskDeps<State, In, unknown>['read']
  readonly timeOf: (record: Logged<In>) => Micros
  /** Whether a record carries the configuration, without which the processor leaves things out; absent: it needs none. */
  readonly configures?: (record: Logged<In>) => boolean
}

/** Told how far a warm-up is: of `total` records, `done`. */
export type WarmUpProgress = (done: number, total: number) => void

/** A state as live had it before a record, and how it was come by. */
export type WarmedUp<State> = {
  readonly state: State
  /** First record that was run. */
  readonly from: Offset
  readonly records: number
  /** T of the record before; `undefined`: there is none. */
  readonly now: Micros | undefined
  /** Whether the log reaches back far enough for the state to be that of live. */
  readonly reaches: boolean
  /** Whether the configuration in force was met, or the log is whole. */
  readonly configured: boolean
  /** What it had to reach over, in microseconds: that of the processor, or of what the log configures. */
  readonly horizon: number
}

/** The last records may be of a producer whose clock is behind; the greatest time of this many is nearest to T. */
const LAST_RECORDS = 64
/** The configuration is written again this often (architecture.md section 2), and a minute for the writer to be late. */
const CONFIGURATION_EVERY = MEMORY + MICROS_PER_MINUTE

/**
 * Runs what stands before `next`, without its outputs: from a record whose T is a horizon before that of the last one, and so
 * far back beyond it that the configuration was in force by then; else from the log's first record.
 */
export async function warmUp<State, In>(
  deps: WarmUpDeps<State, In>,
  slot: Slot,
  next: Offset,
  progress: WarmUpProgress = () => undefined,
): Promise<WarmedUp<State>> {
  const { processor, ranges, read, timeOf, configures } = deps
  const { first } = await ranges.bounds(slot)
  let { horizon } = processor
  let needed = await warmUpStart(deps, slot, next, horizon)
  let further = configures === undefined ? 0 : CONFIGURATION_EVERY
  for (;;) {
    const from = await warmUpStart(deps, slot, next, horizon + further)
    const state = processor.initial()
    let now: Micros | undefined
    let firstStamp = Infinity
    let records = 0
    let configured = configures === undefined
    for await (const batch of ahead(ranges.read(slot, from, next))) {
      progress(records, next - from)
      for (const one of (await read(slot, batch, always)) ?? []) {
        records += 1
        if ('fault' in one) continue
        now = micros(Math.max(now ?? 0, timeOf(one)))
        if (one.offset <= needed) configured ||= configures?.(one) ?? true
        if (one.offset === first) firstStamp = one.timestampMs
        stepOnce(processor, state, one, () => undefined, new Map())
      }
    }
    if (!configured && from > first) {
      further *= 2
      continue
    }
    // What is configured may ask for more: only a run over the log tells.
    const asked = processor.horizonAt?.(state) ?? horizon
    if (asked > horizon) {
      horizon = asked
      needed = await warmUpStart(deps, slot, next, horizon)
      if (from > first) continue
    }
    // Before offset 0 there was nothing; else T at the first record that is left is at most its stamp.
    const reaches =
      first === 0 || needed > first || (now !== undefined && (firstStamp + 1) * MICROS_PER_MILLI <= now - horizon)
    return { state, from, records, now, reaches, configured: configured || first === 0, horizon }
  }
}

/**
 * Where a run must begin so that its outputs from `next` on are those of a run over the whole log: at a record whose T is at
 * or before T of the record before `next`, less the horizon; at the log's first record if there is none.
 *
 * T at a record is at most its stamp and at least its own time, so the records before the first one stamped above
 * (time of the last record - horizon) will do.
 */
async function warmUpStart<State, In>(
  { ranges, read, timeOf }: WarmUpDeps<State, In>,
  slot: Slot,
  next: Offset,
  horizon: number,
): Promise<Offset> {
  const { first } = await ranges.bounds(slot)
  if (next <= first) return first
  let last = -Infinity
  for await (const records of ranges.read(slot, Math.max(first, next - LAST_RECORDS), next)) {
    for (const one of (await read(slot, records, always)) ?? [])
      if (!('fault' in one)) last = Math.max(last, timeOf(one))
  }
  if (last === -Infinity) return first
  // Negative times mean the ends of the log to Kafka.
  const fromMs = Math.max(0, Math.floor((last - horizon) / MICROS_PER_MILLI))
  const stampedAfter = await ranges.atTime(slot, fromMs)
  return Math.max(first, Math.min(stampedAfter, next) - 1)
}

/** What is warmed up is nobody's yet: whoever it is taken from meanwhile drops it afterwards. */
const always = (): Promise<boolean> => Promise.resolve(true)
