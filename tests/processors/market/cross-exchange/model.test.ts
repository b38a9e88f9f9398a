import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CloseReason } from '../../../../core/opportunity.ts'
import { beat, configured, missing, quoted, runCross, type Row } from './rig.ts'

/** So many milliseconds after the one before: a quote of kraken, a heartbeat, or a gap that takes kraken's quotes back. */
type Act = { readonly wait: number; readonly what: number | 'binance' | 'kraken' | 'gate' | 'gap' }
const act: fc.Arbitrary<Act> = fc.record({
  wait: fc.oneof(fc.nat(60), fc.constantFrom(0, 50, 100, 200, 250, 1000), fc.nat(900)),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1, 2.5, 3, 7.5, 8, 8.5, 9, 20) },
    { weight: 4, arbitrary: fc.constantFrom('binance' as const, 'kraken' as const, 'gate' as const) },
    { weight: 1, arbitrary: fc.constant('gap' as const) },
  ),
})

/** Shortly before a cut at 600,000. */
const START = 595_000
const DELAYS = [50, 100, 250, 500]

function rowsOf(acts: readonly Act[]): readonly Row[] {
  let now = START
  const rows = [
    configured(START),
    beat(START, 'binance'),
    beat(START, 'kraken'),
    quoted(START, 'binance', { bid: 9000, ask: 10_000 }),
  ]
  for (const { wait, what } of acts) {
    now += wait
    if (what === 'gap') rows.push(missing(now, 'kraken'))
    else if (typeof what === 'string') rows.push(beat(now, what))
    else rows.push(quoted(now, 'kraken', { bid: 10_000 + what, ask: 20_000 }))
  }
  return rows
}

type Open = {
  readonly since: number
  readonly at: number
  sentAt: number
  sent: number
  sum: number
  alive: (number | undefined)[]
}

/** The table of arbitrage.md section 4 taken at its word: each millisecond is looked at, timers first, then its records. */
function byTheTable(acts: readonly Act[]): readonly string[] {
  const written: string[] = []
  const told = { binance: START, kraken: START }
  let quotedAt = { binance: START, kraken: START }
  let edge: number | undefined
  let isWithdrawn = false
  /** Heartbeats more than 3 s apart: what was said before them has ended (`core/confirmation.ts`). */
  const hasEnded = { binance: false, kraken: false }
  let since: number | undefined
  let open: Open | undefined
  let index = 0
  let due = START + (acts[0]?.wait ?? 0)

  const confirmed = (leg: 'binance' | 'kraken'): number => Math.max(told[leg], quotedAt[leg])
  const end = (now: number, reason: CloseReason): void => {
    if (open !== undefined) {
      const { at, sum, alive } = open
      const mean = now === at ? (edge ?? 0) : sum / (now - at)
      const survived = DELAYS.map((_, place) => {
        const then = alive[place]
        return then === undefined ? (reason === 'ttl' ? '?' : 'no') : then >= 8 ? 'yes' : 'no'
      })
      written.push(`CLOSE ${now} ${reason} ${mean.toFixed(6)} ${survived.join(' ')}`)
    }
    open = undefined
    since = undefined
  }
  const guard = (now: number): CloseReason | undefined => {
    if (now >= told.binance + 3000 || now >= told.kraken + 3000 || hasEnded.binance || hasEnded.kraken) return 'down'
    if (isWithdrawn) return 'gap'
    return now >= confirmed('binance') + 2000 || now >= confirmed('kraken') + 2000 ? 'stale' : undefined
  }
  const update = (now: number): void => {
    if (open === undefined || edge === undefined) return
    if (Math.abs(edge - open.sent) < 1 && now - open.sentAt < 1000) return
    written.push(`UPDATE ${now} ${edge}`)
    open.sent = edge
    open.sentAt = now
  }
  const evaluate = (now: number): void => {
    if (edge === undefined) return
    const failed = guard(now)
    if (open !== undefined) {
      if (failed !== undefined) end(now, failed)
      else if (edge < 3) end(now, 'edge')
      else update(now)
    } else if (failed !== undefined || edge < 8) since = undefined
    else since ??= now
  }

  for (let now = START; index < acts.length; now += 1) {
    if (open !== undefined && edge !== undefined && now > open.at) open.sum += edge
    // In the order of the table at equal times: opening, guards, the cut, delays.
    if (since !== undefined && open === undefined && now === since + 200 && edge !== undefined) {
      open = { since, at: now, sentAt: now, sent: edge, sum: 0, alive: [] }
      written.push(`OPEN ${now} ${edge}`)
    }
    const failed = guard(now)
    if (since !== undefined && failed !== undefined) end(now, failed)
    if (since !== undefined && now % 600_000 === 0) end(now, 'ttl')
    if (open !== undefined)
      for (const [place, delay] of DELAYS.entries()) if (now === open.at + delay) open.alive[place] = edge
    while (index < acts.length && due === now) {
      const { what } = acts[index] ?? { what: 'gap' }
      if (what === 'gap') isWithdrawn = true
      else if (what === 'binance' || what === 'kraken') {
        hasEnded[what] ||= now - told[what] > 3000
        told[what] = now
      } else if (typeof what === 'number') {
        edge = what
        quotedAt = { ...quotedAt, kraken: now }
        isWithdrawn = false
        hasEnded.kraken = false
      }
      if (what === 'gate') update(now)
      else evaluate(now)
      index += 1
      due += acts[index]?.wait ?? 0
    }
  }
  return written
}

test('any series of edges, heartbeats and gaps is written as the table says', () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 1, maxLength: 40 }), (acts) => {
      const { written } = runCross(...rowsOf(acts))
      const got = written.map(({ phase, at: when, edgeBps, reason, life, executableAfter }) => {
        const millis = (when - (rowsOf([])[0]?.receiveTime ?? 0)) / 1000 + START
        if (phase !== 'CLOSE') return `${phase} ${millis} ${Math.round(edgeBps * 1e6) / 1e6}`
        const survived = executableAfter.map(({ executable }) =>
          executable === undefined ? '?' : executable ? 'yes' : 'no',
        )
        return `CLOSE ${millis} ${reason ?? ''} ${life?.timeWeightedBps.toFixed(6) ?? ''} ${survived.join(' ')}`
      })
      expect(got).toEqual(byTheTable(acts))
    }),
    { numRuns: 400 },
  )
})
