import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Arrival, OpenTick } from '../../core/arrivals.ts'
import { isOpen } from '../../core/arrivals.ts'
import { expiryOf, faultOf, takeGap, takeHeartbeat, takeQuote, type StandingQuote } from '../../core/quotes.ts'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { ms } from '../support/logged.ts'
import { gap, heartbeat, quote, tick } from '../support/ticks.ts'

const AGES = { maxAge: 2_000_000, maxQuoteAge: 60_000_000 }

/** What befalls one quote's exchange: its own session and another one. */
type Act = { readonly wait: number; readonly what: 'quote' | 'up' | 'down' | 'gap'; readonly session: 1 | 2 }
const act: fc.Arbitrary<Act> = fc.record({
  wait: fc.nat(2500),
  what: fc.constantFrom('quote', 'up', 'up', 'up', 'down', 'gap'),
  session: fc.constantFrom(1, 2),
})

/** The last quote after all acts, and T. */
function after(acts: readonly Act[]): { readonly standing: StandingQuote | undefined; readonly now: number } {
  const table = new Map()
  let now = 0
  let standing: StandingQuote | undefined
  for (const [offset, { wait, what, session }] of acts.entries()) {
    now += wait
    const arrive = (value: Tick): Arrival => {
      const own: OpenTick | undefined = isOpen(value) ? value : undefined
      if (own === undefined) throw new TypeError('a test writes no documents')
      return { kind: 'tick', tick: own, partition: 0, offset, time: ms(now), before: ms(now), now: ms(now) }
    }
    const change = { session: micros(session), receiveTime: ms(now), eventTime: ms(now) }
    if (what === 'quote') standing = takeQuote(table, arrive(tick(quote(), change)), quote(), false)
    else if (what === 'gap') takeGap(table, arrive(tick(gap(), change)))
    else {
      const beat = heartbeat({ state: what === 'up' ? 'UP' : 'DOWN' })
      takeHeartbeat(table, arrive(tick(beat, change)), beat)
    }
  }
  return { standing, now }
}

describe('a quote that stands', () => {
  test('holds up to its expiry and not from there on, for the reason told', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 20 }), (acts) => {
        const { standing, now } = after(acts)
        fc.pre(standing !== undefined && faultOf(standing, ms(now), AGES) === undefined)
        if (standing === undefined) return
        const { at, guard } = expiryOf(standing, AGES)
        expect(at).toBeGreaterThan(ms(now))
        expect(faultOf(standing, micros(at - 1), AGES)).toBeUndefined()
        expect(faultOf(standing, at, AGES)).toBe(guard)
      }),
      { numRuns: 2000 },
    )
  })

  test('holds if and only if its own session says so: by a model that looks back over all that was', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 20 }), (acts) => {
        const { standing, now } = after(acts)
        if (standing === undefined) return
        const times = acts.map((_, index) => acts.slice(0, index + 1).reduce((sum, { wait }) => sum + wait, 0))
        const last = acts.findLastIndex(({ what }) => what === 'quote')
        const { session } = acts[last] ?? { session: 1 }
        const own = acts.flatMap((one, index) =>
          one.session === session ? [{ ...one, index, at: times[index] ?? 0 }] : [],
        )
        const beats = own.filter(({ what }) => what === 'up' || what === 'down')
        const newest = beats.at(-1)
        const later = own.filter(({ index }) => index > last)
        // A hole of more than 3 s between two heartbeats, of which the second came after the quote.
        const hole = beats.some(
          (beat, index) => beat.index > last && beat.at - (beats[index - 1]?.at ?? beat.at) > 3000,
        )
        const isDown =
          newest?.what !== 'up' || now - newest.at >= 3000 || hole || later.some(({ what }) => what === 'down')
        const confirmed = Math.max(times[last] ?? 0, ...later.filter(({ what }) => what === 'up').map(({ at }) => at))
        const isGap = later.some(({ what }) => what === 'gap')
        const expected = isDown ? 'down' : isGap ? 'gap' : now - confirmed >= 2000 ? 'stale' : undefined
        expect(faultOf(standing, ms(now), AGES)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })
})
