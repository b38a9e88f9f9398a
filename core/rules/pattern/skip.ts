import type { Micros } from '../../time.ts'
import { firstTaken, lastTaken } from './taken.ts'
import type { PreparedPattern } from './prepare.ts'
import { oldestLive, prune, removeStartedAt } from './partials.ts'
import type { Complete, PatternState } from './state.ts'
import type { PatternTrace } from './trace.ts'

/** Deals with the matches that one event or deadline completed: what the skip strategy lets be written goes to `work.ends`. */
export function complete(
  pattern: PreparedPattern,
  state: PatternState,
  at: Micros,
  trace: PatternTrace | undefined,
): void {
  const { work, program } = pattern
  const { matches } = work
  if (matches.length > 1) matches.sort(inOrder)
  if (pattern.isLeftmost) {
    for (const match of matches) insert(state.waiting, match)
    matches.length = 0
    return release(pattern, state, at, false, trace)
  }
  let written = 0
  for (const match of matches) {
    if (program.skip.kind === 'to-next') {
      if (match.first.number === written) continue
      written = match.first.number
      removeStartedAt(pattern, state, written, at, trace)
    }
    work.ends.push({ kind: 'match', taken: match.taken, at })
  }
  matches.length = 0
}

/** Writes the waiting matches that no older partial holds back; at renewal (`isForced`) all, as if there were none. */
export function release(
  pattern: PreparedPattern,
  state: PatternState,
  at: Micros,
  isForced: boolean,
  trace: PatternTrace | undefined,
): void {
  for (;;) {
    const match = state.waiting[0]
    if (match === undefined) return
    if (!isForced) {
      const older = oldestLive(state)
      if (older !== undefined && older.first.number < match.first.number) return
    }
    pattern.work.ends.push({ kind: 'match', taken: match.taken, at })
    const before = skipsBefore(pattern, match)
    // The first is the match itself, which its own skip may spare.
    state.waiting = state.waiting.slice(1).filter(({ first }) => first.number >= before)
    prune(pattern, state, match.first.number, before, at, trace)
  }
}

/** A match drops what began at or after its own first event and before the event of this number. */
function skipsBefore({ program: { skip } }: PreparedPattern, { taken, first }: Complete): number {
  switch (skip.kind) {
    case 'past-last':
      return taken.number + 1
    case 'toFirst':
      return firstTaken(taken, skip.name)?.number ?? first.number
    case 'toLast':
      return lastTaken(taken, skip.name)?.number ?? first.number
    case 'none':
    case 'to-next':
      return first.number
  }
}

function insert(waiting: Complete[], match: Complete): void {
  let place = waiting.length
  while (place > 0 && (waiting[place - 1]?.first.number ?? 0) > match.first.number) place--
  waiting.splice(place, 0, match)
}

/**
 * By the numbers of their events, one by one. Of equal ones the match that gives more events to earlier steps comes first, as
 * it was made first: the loop is tried before exits, older partials before younger, and the sort is stable.
 */
function inOrder({ taken: one }: Complete, { taken: other }: Complete): number {
  const [a, b] = [chainOf(one), chainOf(other)]
  const at = a.findIndex(({ number }, place) => number !== b[place]?.number)
  // Longer ones that begin alike end at one deadline, not with one event.
  return at < 0 || at >= b.length ? a.length - b.length : (a[at]?.number ?? 0) - (b[at]?.number ?? 0)
}

function chainOf(taken: Complete['taken']): readonly Complete['taken'][] {
  const chain = []
  for (let one: Complete['taken'] | undefined = taken; one !== undefined; one = one.before) chain.push(one)
  return chain.toReversed()
}
