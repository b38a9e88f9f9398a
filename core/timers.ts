/** A binary heap in an array: what is due first stands first. Plain data, changed in place; O(log n). */
export type Timers<Timer> = Timer[]

/** Whether one timer runs before another; a total order, so that nothing depends on when they were set. */
export type Before<Timer> = (one: Timer, other: Timer) => boolean

export function setTimer<Timer>(timers: Timers<Timer>, timer: Timer, isBefore: Before<Timer>): void {
  let at = timers.length
  timers.push(timer)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = timers[above]
    if (parent === undefined || !isBefore(timer, parent)) break
    timers[at] = parent
    timers[above] = timer
    at = above
  }
}

/** Takes the first timer off. */
export function takeTimer<Timer>(timers: Timers<Timer>, isBefore: Before<Timer>): Timer | undefined {
  const first = timers[0]
  const last = timers.pop()
  if (last === undefined || timers.length === 0) return first
  let at = 0
  for (;;) {
    const left = timers[2 * at + 1]
    if (left === undefined) break
    const right = timers[2 * at + 2]
    const isRight = right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (!isBefore(child, last)) break
    timers[at] = child
    at = 2 * at + (isRight ? 2 : 1)
  }
  timers[at] = last
  return first
}
