import { crc32 } from 'node:zlib'
import { PipelineError } from '../../core/errors.ts'
import { compareOrigins } from '../../core/origin-sieve.ts'
import type { Origin } from '../../core/processor.ts'
import { slotName, type Incoming, type Offset, type Ranges, type Slot } from '../kafka/port.ts'

type Place = Pick<Origin, 'offset' | 'ordinal'>
type Scanned = Place & { readonly crc: number; readonly version: number }

/**
 * One output partition of a task: which of its outputs stand there already (reliability.md section 3, steps 3 to 6). Owned
 * state, changed in place.
 */
export type OwnSlot = {
  readonly slot: Slot
  /** Found between the recorded position and the end when the task began, repeats apart, ascending; emptied once all are passed. */
  readonly scanned: Scanned[]
  /** Where the partition ended when it was scanned. */
  readonly end: Offset
  /** Of `scanned`, how many the replay has passed. */
  passed: number
  /** Outputs up to here are on the log; nothing is sent up to it. */
  highest: Place | undefined
  /** Whether the same code must make the same bytes again: not where the records that it began with are gone. */
  readonly isCompared: boolean
}

/** Where a scan begins (`from` undefined: at the slot's first record), and what of it the replay will make again. */
export type Scan = { readonly from: Offset | undefined; readonly next: Offset; readonly isCompared: boolean }

/** What a task is, to itself: outputs of others share its partitions. */
export type Own = Pick<Origin, 'processor' | 'version' | 'partition'>

/**
 * Scans an output partition for own records, from a position to its end. Records whose origin cannot be read are not ours.
 * Throws LOG_CHANGED if the partition ends before the position, DIVERGED if two copies of one origin differ.
 */
export async function scanOwnSlot(
  ranges: Pick<Ranges, 'bounds' | 'read'>,
  own: Own,
  slot: Slot,
  { from, next, isCompared }: Scan,
  originsOf: (records: readonly Incoming[]) => Promise<readonly (Origin | undefined)[]>,
): Promise<OwnSlot> {
  const { first, end } = await ranges.bounds(slot)
  const start = Math.max(from ?? first, first)
  if (start > end) throw changed(slot, start, end)
  const found: OwnSlot = { slot, scanned: [], end, passed: 0, highest: undefined, isCompared }
  if (start === end) return found
  for await (const records of ranges.read(slot, start, end)) {
    const origins = await originsOf(records)
    for (const [index, record] of records.entries()) {
      const origin = origins[index]
      if (origin?.processor === own.processor && origin.partition === own.partition)
        note(found, origin, crc32(record.value ?? ''), { ...own, next })
    }
  }
  return found
}

function note(found: OwnSlot, origin: Origin, crc: number, own: Own & { readonly next: Offset }): void {
  const { offset, ordinal, version } = origin
  if (found.highest === undefined || compareOrigins(origin, found.highest) > 0) {
    found.highest = { offset, ordinal }
    // What is in the state already is not made again.
    if (offset >= own.next) found.scanned.push({ offset, ordinal, crc, version })
    return
  }
  const first = findScanned(found.scanned, origin)
  if (!found.isCompared || first === undefined || version !== own.version || first.version !== version) return
  if (first.crc !== crc) throw diverged(found.slot, origin, 'two copies of it differ')
}

/** By halving: they ascend. */
function findScanned(scanned: readonly Scanned[], place: Place): Scanned | undefined {
  let low = 0
  let high = scanned.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const one = scanned[middle]
    if (one !== undefined && compareOrigins(one, place) < 0) low = middle + 1
    else high = middle
  }
  const found = scanned[low]
  return found !== undefined && compareOrigins(found, place) === 0 ? found : undefined
}

/**
 * Whether an output must be sent, or stands on the log already. Throws DIVERGED if it stands there with other bytes, or if
 * one before it stands there that was not made this time.
 */
export function mustSend(own: OwnSlot, origin: Origin, value: Buffer): boolean {
  passUp(own, (place) => compareOrigins(place, origin) < 0, origin.version)
  const expected = own.scanned[own.passed]
  if (expected !== undefined && compareOrigins(expected, origin) === 0) {
    if (own.isCompared && expected.version === origin.version && expected.crc !== crc32(value))
      throw diverged(own.slot, origin, 'the replay made other bytes than stand on the log')
    pass(own)
  }
  if (own.highest !== undefined && compareOrigins(origin, own.highest) <= 0) return false
  own.highest = { offset: origin.offset, ordinal: origin.ordinal }
  return true
}

/** To be called after each input record: throws DIVERGED if outputs of it stand on the log that it did not make. */
export function checkPassed(own: OwnSlot, offset: Offset, version: number): void {
  if (isReplaying(own)) passUp(own, (place) => place.offset <= offset, version)
}

/** Passes what should have been made by now and was not: other code may leave it out, the same code may not. */
function passUp(own: OwnSlot, isDue: (place: Place) => boolean, version: number): void {
  for (let expected = own.scanned[own.passed]; expected !== undefined; expected = own.scanned[own.passed]) {
    if (!isDue(expected)) return
    if (own.isCompared && expected.version === version)
      throw diverged(own.slot, expected, 'it stands on the log, and the replay did not make it')
    pass(own)
  }
}

function pass(own: OwnSlot): void {
  own.passed += 1
  if (own.passed < own.scanned.length) return
  // Never looked at again, and a task without a snapshot has scanned weeks of them.
  own.scanned.length = 0
  own.passed = 0
}

export const isReplaying = ({ scanned, passed }: OwnSlot): boolean => passed < scanned.length

const diverged = (slot: Slot, { offset, ordinal }: Place, what: string): PipelineError =>
  new PipelineError('DIVERGED', `${slotName(slot)}, output ${ordinal} of input record ${offset}: ${what}`)

const changed = (slot: Slot, from: Offset, end: Offset): PipelineError =>
  new PipelineError(
    'LOG_CHANGED',
    `${slotName(slot)}: outputs were acknowledged up to ${from}, the log ends at ${end}; the topic was truncated or made anew`,
  )
