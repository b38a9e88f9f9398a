import type { Micros } from '../../time.ts'
import { EVENT_BYTES, KEY_BYTES } from '../validate/bound.ts'
import { empty, firstTakeOver, tell } from './activation.ts'
import type { PartialMatch } from '../pattern/state.ts'
import type { Lineup, Seat } from './lineup.ts'
import { keysOf, type Key, type KeyRule, type Space } from './state.ts'

/** Bytes that a partial takes beside what its steps took, as rules.md section 11 counts them. */
const PARTIAL_BYTES = 96
/** Of an event taken, beside the event itself. Partials share their beginnings: each counts its own as if it did not. */
const TAKEN_BYTES = 64
const VALUE_BYTES = 8

/**
 * Halts the rules that hold more than `limitBytes`, rather than give other values: what they know is forgotten, and from their next
 * renewal on they listen anew.
 */
export function haltHeavy(lineup: Lineup, limitBytes: number): void {
  const { state } = lineup
  const spaces = new Map<Space, readonly Key[]>()
  const sums = new Map<Space, number[]>()
  for (const seat of lineup.seats) {
    const { space, version } = seat
    if (seat.isKeyless || (version.status !== 'speaking' && version.status !== 'listening')) continue
    const keys = spaces.get(space) ?? keysOf(space)
    spaces.set(space, keys)
    const known = sums.get(space) ?? []
    sums.set(space, known)
    const bytes = heldBy(seat, keys, known)
    if (bytes <= limitBytes) continue
    empty(lineup, version)
    version.status = 'halted'
    state.versions = [...state.versions]
    const { id, version: number } = version.rule
    const message = `${id}@${number} holds ${bytes} bytes, ${limitBytes} at most: it listens anew from its next renewal on`
    tell(lineup, 'RULE_HALTED', message, { ruleId: id, version: String(number), shadow: String(version.isShadow) })
  }
  lineup.takesOver = firstTakeOver(state)
}

/** Halted rules whose renewal is at `at` listen anew, for their warm-up. */
export function revive(lineup: Lineup, at: Micros): void {
  const { state } = lineup
  if (state.versions.every(({ status }) => status !== 'halted')) return
  state.versions = state.versions.map((version) =>
    version.status === 'halted' && at % version.renewMicros === 0
      ? { ...version, status: 'listening', takesOver: at + version.warmUpMicros, fresh: at }
      : version,
  )
  lineup.takesOver = firstTakeOver(state)
}

/** `sums`: of a slot over all keys, once known; rules may share it. */
function heldBy({ slots, machines, version, program }: Seat, keys: readonly Key[], sums: number[]): number {
  let bytes = keys.reduce((total, key) => total + knownOf(key.rules[version.place]), 0)
  for (const [at, slot] of slots.entries()) {
    const machine = machines[at]
    if (machine === undefined) continue
    const sum =
      sums[slot] ??
      keys.reduce((total, key) => {
        const state = key.slots[slot]
        return state === undefined ? total : total + machine.held(state)
      }, 0)
    sums[slot] = sum
    bytes += sum
  }
  if (program.body.kind !== 'pattern') return bytes
  const each = TAKEN_BYTES + EVENT_BYTES + VALUE_BYTES * program.body.pattern.captured.length
  return keys.reduce((total, key) => total + partialBytes(key.rules[version.place], each), bytes)
}

/** Of the key itself each rule that knows of it counts the whole: it may be the only one. */
function knownOf(of: KeyRule | undefined): number {
  if (of === undefined) return 0
  let events = of.recent.length
  if (of.earlier !== undefined) for (const earlier of of.earlier.values()) events += earlier.length
  return KEY_BYTES + EVENT_BYTES * events
}

function partialBytes(of: KeyRule | undefined, each: number): number {
  if (of?.pattern === undefined) return 0
  const { scanned, buckets, waiting } = of.pattern
  let bytes = 0
  const count = ({ taken, isGone }: Pick<PartialMatch, 'taken'> & { readonly isGone?: boolean }): void => {
    if (isGone !== true) bytes += PARTIAL_BYTES + each * taken.depth
  }
  scanned.forEach(count)
  for (const { order } of buckets) order.forEach(count)
  waiting.forEach(count)
  return bytes
}
