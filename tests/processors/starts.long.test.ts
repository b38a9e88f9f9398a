import { describe, expect, test } from 'vitest'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { startsAt, wholeOf } from '../support/processor-laws.ts'
import { seeded } from '../support/seeded.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { marketHorizon } from './market/horizon.ts'
import { MARKET } from './market/run.ts'

/** A heartbeat a minute instead of five, twice the trading. */
const DENSE = { hours: 72, quietMillis: 40 * 60_000, beatMillis: 60_000, busy: 120 }

describe('a run that begins anywhere in three denser days', { timeout: 1_800_000 }, () => {
  test.each([1, 2, 3, 4])('writes each kind of output as the whole run does, to the end (seed %i)', (seed) => {
    const subject = { processor: MARKET, clock: ticksClock, horizonOf: marketHorizon }
    const whole = wholeOf(subject, logOf(seededStory(seed, DENSE)))
    const random = seeded(seed)
    const wrong = Array.from({ length: 50 }, () => startsAt(subject, whole, random(whole.log.length)))
    expect(wrong.filter((one) => one !== undefined)).toEqual([])
  })
})
