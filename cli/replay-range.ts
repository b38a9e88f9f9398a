import { PipelineError } from '../core/errors.ts'
import { MICROS_PER_MILLI } from '../core/time.ts'
import type { Offset, Ranges, Slot } from '../io/kafka/port.ts'
import { slotName } from '../io/kafka/port.ts'
import { parseTime } from './tail.ts'

/** One end of a range, as it was given. */
export type Where =
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'offset'; readonly offset: Offset }
  | { readonly kind: 'time'; readonly timestampMs: number }

/** Throws WRONG_USE, naming the option. */
export function parseWhere(option: string, text: string, nowMs: number): Where {
  if (text === 'start' || text === 'end') return { kind: text }
  if (/^\d{1,15}$/.test(text)) return { kind: 'offset', offset: Number(text) }
  const timestampMs = parseTime(text, nowMs)
  if (timestampMs !== undefined) return { kind: 'time', timestampMs }
  throw new PipelineError(
    'WRONG_USE',
    `${option}: "${text}" is not start, end, an offset, an ISO time or an age such as 10m`,
  )
}

/** Throws WRONG_USE where an offset is meant for partitions that count each for itself. */
export function checkOffsets(ends: readonly Where[], partitions: readonly number[]): void {
  if (partitions.length > 1 && ends.some(({ kind }) => kind === 'offset'))
    throw new PipelineError(
      'WRONG_USE',
      'each partition counts its own offsets: name one with --partition, or give times',
    )
}

export type Range = { readonly from: Offset; readonly to: Offset }

export type Resolved =
  | { readonly kind: 'range'; readonly range: Range }
  | { readonly kind: 'trimmed' | 'beyond'; readonly reason: string }

/**
 * The offsets that a range means on a partition. `start` is the first record that can be compared: the first of all, or, where
 * retention took some, the first with a `warmUp` (microseconds) before it. `end` is as far as `processed` says, else the
 * log's end. An offset that is not there is no range.
 */
export async function resolveRange(
  log: Pick<Ranges, 'bounds' | 'atTime' | 'read'>,
  slot: Slot,
  ends: { readonly from: Where; readonly to: Where },
  { processed, warmUp }: { readonly processed?: Offset | undefined; readonly warmUp?: number },
): Promise<Resolved> {
  const { first, end } = await log.bounds(slot)
  const place = async (where: Where): Promise<Offset> => {
    switch (where.kind) {
      case 'start':
        return warmUp === undefined || first === 0 || first === end
          ? first
          : log.atTime(slot, (await stampOf(log, slot, first)) + warmUp / MICROS_PER_MILLI + SLACK_MS)
      case 'end':
        return Math.max(first, Math.min(end, processed ?? end))
      case 'offset':
        return where.offset
      case 'time':
        return log.atTime(slot, where.timestampMs)
    }
  }
  const [from, to] = [await place(ends.from), await place(ends.to)]
  if (from < first) return { kind: 'trimmed', reason: `${slotName(slot)} is trimmed: it begins at ${first}` }
  if (to > end) return { kind: 'beyond', reason: `${slotName(slot)} ends at ${end}` }
  if (from > to && (ends.from.kind === 'offset' || ends.to.kind === 'offset'))
    throw new PipelineError('WRONG_USE', `${slotName(slot)}: ${from}..${to} is no range`)
  return { kind: 'range', range: { from, to: Math.max(from, to) } }
}

/** T may lag behind the stamps by as much as the hosts' clocks do. */
const SLACK_MS = 60_000

async function stampOf(log: Pick<Ranges, 'read'>, slot: Slot, offset: Offset): Promise<number> {
  for await (const [record] of log.read(slot, offset, offset + 1)) if (record !== undefined) return record.timestampMs
  return 0
}
