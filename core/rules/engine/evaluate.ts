import type { RuleEvent } from '../events.ts'
import { findIn, type Index } from './dispatch.ts'
import { evaluateKeyless, evaluateWhen } from './firing.ts'
import { feedIt, sortFeeds, type Feed } from './feed.ts'
import { findKey, hasKey, keyOf } from './keys.ts'
import { evaluatePattern } from './patterns.ts'
import { meet, type Lane, type Lineup, type Seat } from './lineup.ts'
import type { Key } from './state.ts'

const NO_SLOTS: readonly object[] = []

/** One event: it feeds the aggregates, then the rules see it in their order. `from`: whose match it is, for those alone that read it. */
export function takeEvent(lineup: Lineup, event: RuleEvent, from: string | undefined): void {
  const { frame, state, found } = lineup
  const lanes = lineup.streams[event.stream]
  if (lanes.length === 0) return
  frame.event = event
  frame.now = state.now
  frame.stamp = state.stamp += 1
  for (let i = 0; i < lanes.length; i++) {
    const lane = lanes[i]
    if (lane !== undefined) enter(lineup, lane, event, from)
  }
  if (found.length === 0) return
  if (found.length > 1) sort(found)
  for (let i = 0; i < found.length; i++) {
    const seat = found[i]
    if (seat !== undefined && (from === undefined || seat.reads.has(from))) evaluate(lineup, seat)
  }
  found.length = 0
}

/** Feeds the aggregates of a space, and finds its rules that may match. */
function enter(lineup: Lineup, lane: Lane, event: RuleEvent, writer: string | undefined): void {
  const { frame, state, found } = lineup
  const { space, readers, index, seats } = lane
  const feeds = lane.feedIndex === undefined ? lane.feeds : feedsFor(lineup, lane.feedIndex, event)
  let key: Key | undefined
  if (feeds.length > 0) {
    key = keyOf(space, readers, event, state.now)
    if (key === undefined) return
    frame.slots = key.slots
    for (let i = 0; i < feeds.length; i++) {
      const feed = feeds[i]
      if (feed !== undefined && (writer === undefined || feed.reads.has(writer))) feedIt(feed, key, frame)
    }
  }
  const from = found.length
  findIn(index, event, found)
  for (let i = from; i < found.length; i++) {
    const seat = found[i]
    if (seat !== undefined) seat.mark = frame.stamp
  }
  if (space.active > 0) {
    key ??= findKey(space, readers, event)
    if (key !== undefined) {
      key.last = state.now
      addActive(key, seats, found, frame.stamp)
    }
  }
  if (found.length === from) return
  if (key === undefined && needsKey(found, from)) key = keyOf(space, readers, event, state.now)
  if (key === undefined && !hasKey(readers, event)) found.length = from
  for (let i = from; i < found.length; i++) {
    const seat = found[i]
    if (seat !== undefined) seat.key = seat.isKeyless ? undefined : key
  }
}

function feedsFor({ entered }: Lineup, index: Index<Feed>, event: RuleEvent): readonly Feed[] {
  entered.length = 0
  findIn(index, event, entered)
  if (entered.length > 1) sortFeeds(entered)
  return entered
}

/** Rules that are not idle see every event of the key: it may end what they are in. */
function addActive({ active }: Key, seats: Lane['seats'], found: Seat[], stamp: number): void {
  for (let i = 0; i < active.length; i++) {
    const seat = seats[active[i] ?? -1]
    if (seat === undefined || seat.mark === stamp) continue
    seat.mark = stamp
    found.push(seat)
  }
}

function needsKey(found: readonly Seat[], from: number): boolean {
  for (let i = from; i < found.length; i++) if (found[i]?.isKeyless === false) return true
  return false
}

function evaluate(lineup: Lineup, seat: Seat): void {
  const { frame } = lineup
  const { program, key } = seat
  frame.slots = key === undefined ? NO_SLOTS : key.slots
  const { where, body } = program
  if (where !== undefined) {
    const passes = where.read(frame)
    if (passes !== true) {
      if (passes === undefined) seat.unclear += 1
      return
    }
  }
  seat.evaluated += 1
  if (key === undefined) {
    if (body.kind === 'when' && seat.version.status === 'speaking') evaluateKeyless(lineup, seat, body)
    return
  }
  const of = key.rules[seat.version.place] ?? meet(seat, key)
  if (body.kind === 'when') evaluateWhen(lineup, seat, key, of, body)
  else if (seat.pattern !== undefined) evaluatePattern(lineup, seat, key, of, seat.pattern)
}

/** By insertion: mostly there are few, and those that no index finds are in order. */
function sort(found: Seat[]): void {
  for (let i = 1; i < found.length; i++) {
    const seat = found[i]
    if (seat === undefined) continue
    let at = i
    for (; at > 0; at--) {
      const before = found[at - 1]
      if (before === undefined || before.version.order < seat.version.order) break
      found[at] = before
    }
    found[at] = seat
  }
}
