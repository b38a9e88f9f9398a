import { crc32 } from 'node:zlib'
import { PipelineError } from '../../core/errors.ts'
import { compareOrigins } from '../../core/origin-sieve.ts'
import type { Origin } from '../../core/processor.ts'
import { slotName, type Incoming, type Offset, type Ranges, type Slot } from '../kafka/port.ts'

type Place = Pick<Origin, 'offset' | 'ordinal'>
type Scanned = Place & { readonly crc: number; readonly version: number }

/**
 * One output partition of a task: which of its outputs stand there already (reliability.md section 3, steps 3 to 6). `scanned`
 * are those found between the recorded position and the end when the task began, repeats apart, ascending.
 */
export type OwnSlot = {
  readonly slot: Slot
  readonly scanned: readonly Scanned[]
  /** Where the partition ended when it was scanned. */
  readonly end: Offset
  /** Of `scanned`, how many the replay has passed. */
  passed: number
  /** Outputs up to here are on the log; nothing is sent up to it. */
  highest: Place | undefined
}

/** What a task is, to itself: outputs of others share its partitions. */
export type Own = Pick<Origin, 'processor' | 'version' | 'partition'>

/**
 * Scans an output partition for own records from `from` (`undefined`: its first record) to its end. Records whose origin cannot be read are
 * not ours. Throws LOG_CHANGED if the partition ends below `from`, DIVERGED if two copies of one origin differ.
 */
export async function scanOwnSlot(
  ranges: Pick<Ranges, 'bounds' | 'read'>,
  own: Own,
  slot: Slot,
  { from, next }: { readonly from: Offset | undefined; readonly next: Offset },
  originsOf: (records: readonly Incoming[]) => Promise<readonly (Origin | undefined)[]>,
): Promise<OwnSlot> {
  const { first, end } = await ranges.bounds(slot)
  const start = Math.max(from ?? first, first)
  if (start > end) throw changed(slot, start, end)
  const scanned: Scanned[] = []
  let highest: Place | undefined
  const crcs = new Map<string, number>()
  for await (const records of ranges.read(slot, start, end)) {
    const origins = await originsOf(records)
    for (const [index, record] of records.entries()) {
      const origin = origins[index]
      if (origin?.processor !== own.processor || origin.partition !== own.partition) continue
      const { offset, ordinal, version } = origin
      const crc = crc32(record.value ?? '')
      const name = `${offset}/${ordinal}`
      if (highest === undefined || compareOrigins(origin, highest) > 0) {
        highest = { offset, ordinal }
        crcs.set(name, crc)
        // What is in the state already is not made again.
        if (offset >= next) scanned.push({ offset, ordinal, crc, version })
      } else if (version === own.version && (crcs.get(name) ?? crc) !== crc)
        throw diverged(slot, origin, 'two copies of it differ')
    }
  }
  return { slot, scanned, end, passed: 0, highest }
}

/**
 * Whether an output must be sent, or stands on the log already. Throws DIVERGED if it stands there with other bytes, or if
 * one before it stands there that was not made this time.
 */
export function mustSend(own: OwnSlot, origin: Origin, value: Buffer): boolean {
  passUp(own, (place) => compareOrigins(place, origin) < 0, origin.version)
  const expected = own.scanned[own.passed]
  if (expected !== undefined && compareOrigins(expected, origin) === 0) {
    own.passed += 1
    if (expected.version === origin.version && expected.crc !== crc32(value))
      throw diverged(own.slot, origin, 'the replay made other bytes than stand on the log')
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
    if (expected.version === version)
      throw diverged(own.slot, expected, 'it stands on the log, and the replay did not make it')
    own.passed += 1
  }
}

export const isReplaying = ({ scanned, passed }: OwnSlot): boolean => passed < scanned.length

const diverged = (slot: Slot, { offset, ordinal }: Place, what: string): PipelineError =>
  new PipelineError('DIVERGED', `${slotName(slot)}, output ${ordinal} of input record ${offset}: ${what}`)

const changed = (slot: Slot, from: Offset, end: Offset): PipelineError =>
  new PipelineError(
    'LOG_CHANGED',
    `${slotName(slot)}: outputs were acknowledged up to ${from}, the log ends at ${end}; the topic was truncated or made anew`,
  )
