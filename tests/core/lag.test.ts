import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noDelays, takeDelay } from '../../core/lag.ts'
import { micros } from '../../core/time.ts'

test('a delay is measured against the least of the last minute, itself included', () => {
  const window = noDelays()
  const at = (seconds: number, delay: number): number => takeDelay(window, micros(seconds * 1_000_000), delay)
  expect([at(0, 50), at(10, 80), at(20, -30), at(79.9, 70), at(80, 70), at(139, 65)]).toEqual([
    0, 30, 0,
    // Until 80 s the delay of -30 at 20 s is the least, from then on that of 70.
    100, 0, 0,
  ])
})

test('it is so for any series: as by looking at the whole minute each time', () => {
  const one = fc.record({ wait: fc.nat(20_000_000), delay: fc.integer({ min: -100, max: 100 }) })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), (series) => {
      const window = noDelays()
      const seen: { readonly at: number; readonly delay: number }[] = []
      let now = 0
      for (const { wait, delay } of series) {
        now += wait
        seen.push({ at: now, delay })
        const least = Math.min(...seen.filter(({ at }) => at > now - 60_000_000).map((each) => each.delay))
        expect(takeDelay(window, micros(now), delay)).toBe(delay - least)
      }
    }),
  )
})
test('a long series keeps no more than its last minute', () => {
  const window = noDelays()
  // Rising delays: none is below an earlier one, so that all of the minute stand in the queue.
  for (let i = 0; i < 20_000; i += 1) takeDelay(window, micros(i * 100_000), i)
  expect(window.times.length).toBeLessThanOrEqual(2 * 1024 + 600)
})
