/** The table of rules.md section 9 for one key, written from the text: slow, and without any of the engine's parts. */
export type Terms = {
  readonly edge: 'rising' | 'every' | 'change'
  readonly hold: number
  /** `above`: `release.when` is `price < above`; undefined: where `when` is not true. */
  readonly release: { readonly below: number | undefined; readonly after: number } | undefined
  readonly cooldown:
    | { readonly for: number; readonly max: { readonly count: number; readonly period: number } | undefined }
    | undefined
  readonly renew: number
}
/** Whole seconds since the epoch; `when` is `price > 100`. */
export type Priced = { readonly at: number; readonly price: number }

type Written = { readonly what: string; readonly at: number; readonly suppressed: number }

export function byTheTable(terms: Terms, records: readonly Priced[], start: number): readonly Written[] {
  const { edge, hold, release, cooldown, renew } = terms
  const written: Written[] = []
  let phase: 'idle' | 'pending' | 'firing' | 'releasing' = 'idle'
  let since = 0
  let isTold = false
  /** All records so far, the present one too. */
  const seen: Priced[] = []
  let lastFired = -Infinity
  let fired: number[] = []
  let suppressed = 0
  const resolves = release !== undefined || edge === 'change'

  const fire = (at: number): boolean => {
    if (cooldown !== undefined) {
      const { max } = cooldown
      const inPeriod = fired.filter(
        (one) => max !== undefined && Math.floor(one / max.period) === Math.floor(at / max.period),
      )
      if (at - lastFired < cooldown.for || (max !== undefined && inPeriod.length >= max.count)) {
        suppressed++
        return false
      }
    }
    written.push({ what: 'FIRED', at, suppressed })
    lastFired = at
    fired.push(at)
    suppressed = 0
    return true
  }
  const idle = (reason: string, at: number): void => {
    if (phase !== 'pending' && isTold && resolves) written.push({ what: `RESOLVED(${reason})`, at, suppressed: 0 })
    phase = 'idle'
  }
  /** Since when all records said true, with no pause above `hold`. */
  const trueSince = (): number => {
    let from = Infinity
    for (const { at, price } of seen.toReversed()) {
      if (price <= 100 || from - at > hold) {
        if (price <= 100 || from !== Infinity) break
      }
      from = at
    }
    return from
  }
  const renewal = (at: number): void => {
    const from = trueSince()
    if (phase !== 'idle') idle('renew', at)
    if (edge !== 'every' && from !== Infinity && from > at - hold) {
      phase = 'pending'
      since = from
    }
    lastFired = -Infinity
    fired = []
    suppressed = 0
  }
  const timer = (): number =>
    phase === 'pending' ? since + hold : phase === 'releasing' ? since + (release?.after ?? 0) : Infinity

  let nextRenewal = (Math.floor(start / renew) + 1) * renew
  for (const record of records) {
    while (Math.min(timer(), nextRenewal) <= record.at) {
      const due = timer()
      if (due <= nextRenewal) {
        if (phase === 'releasing') idle('release', due)
        else {
          phase = 'firing'
          isTold = fire(due)
        }
      } else {
        renewal(nextRenewal)
        nextRenewal += renew
      }
    }
    const { at, price } = record
    const when = price > 100
    if (edge === 'every') {
      if (when) fire(at)
      continue
    }
    seen.push(record)
    const isReleased = release?.below === undefined ? !when : price < release.below
    const before: string = phase
    switch (before) {
      case 'idle':
        if (when && hold > 0) {
          phase = 'pending'
          since = at
        } else if (when) {
          phase = 'firing'
          isTold = fire(at)
        }
        break
      case 'pending':
        if (!when) idle('', at)
        break
      case 'firing':
        if (isReleased && (release?.after ?? 0) > 0) {
          phase = 'releasing'
          since = at
        } else if (isReleased) idle('release', at)
        break
      default:
        if (!isReleased) phase = 'firing'
    }
  }
  return written
}
