import type { BoolExpression, Frame } from '../frame.ts'
import type { Machine } from '../machine.ts'
import type { Key } from './state.ts'

/** A source at work in a key's slot. */
export type Feed = {
  readonly slot: number
  readonly where: BoolExpression | undefined
  readonly machine: Machine
  /** Its place among those of its space: what it rests on is fed before it. */
  readonly rank: number
  /** Slots that it may read, which must have a state before it. */
  readonly needs: Slots
  /** Rules whose matches enter: those that its rule reads. */
  readonly reads: ReadonlySet<string>
}
export type Slots = { readonly slots: readonly number[]; readonly machines: readonly Machine[] }

export function feedIt({ slot, where, machine, needs }: Feed, key: Key, frame: Frame): void {
  if (where !== undefined && where.read(frame) !== true) return
  let state = key.slots[slot]
  if (state === undefined) {
    prepare(needs, key)
    state = machine.initial()
    key.slots[slot] = state
  }
  machine.add(state, frame)
}

/** Makes the states that are read and that nothing fed yet. */
export function prepare({ slots, machines }: Slots, key: Key): void {
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]
    const machine = machines[i]
    if (slot !== undefined && machine !== undefined) key.slots[slot] ??= machine.initial()
  }
}

/** By rank; mostly there are few. */
export function sortFeeds(feeds: Feed[]): void {
  for (let i = 1; i < feeds.length; i++) {
    const feed = feeds[i]
    if (feed === undefined) continue
    let at = i
    for (; at > 0; at--) {
      const before = feeds[at - 1]
      if (before === undefined || before.rank < feed.rank) break
      feeds[at] = before
    }
    feeds[at] = feed
  }
}
