import { describe, expect, test } from 'vitest'
import { fold } from '../../core/processor.ts'
import { logOf, type Story } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { startsAt } from '../support/processor-laws.ts'
import { seeded } from '../support/seeded.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { MARKET } from './market/run.ts'
import { marketHorizon } from './market/horizon.ts'

const MARKET_SUBJECT = { processor: MARKET, clock: ticksClock, horizonOf: marketHorizon }

describe('a run that begins anywhere in three days', { timeout: 60_000 }, () => {
  test.each([1])('writes each kind of output as the whole run does, from its horizon on (seed %i)', (seed) => {
    const log = logOf(seededStory(seed))
    const random = seeded(seed)
    const whole = fold(MARKET, log).outputs
    const wrong = Array.from({ length: 50 }, () => startsAt(MARKET_SUBJECT, log, random(log.length), whole))
    expect(wrong.filter((one) => one !== undefined)).toEqual([])
    expect(new Set(whole.map(({ topic }) => topic)).size).toBeGreaterThan(1)
  })

  test('is not deceived for longer by a killed producer whose last batch comes twice', () => {
    // Whoever begins after the kill cannot know that the batch came before: its trade seems new, and the next copy of it a repeat.
    const killed: Story = {
      seed: 1,
      happenings: [
        { kind: 'trade', exchange: 0, symbol: 0, bps: 0, size: 100 },
        { kind: 'reconnect', exchange: 0, isSaid: false },
        { kind: 'wait', millis: 1000, beatMillis: 1000 },
        { kind: 'wait', millis: 9 * 60_000, beatMillis: 300_000 },
        { kind: 'again', back: 29, count: 25 },
        { kind: 'wait', millis: 3 * 60_000, beatMillis: 60_000 },
        { kind: 'echo', exchange: 0, back: 0 },
        { kind: 'wait', millis: 20 * 60_000, beatMillis: 60_000 },
      ],
    }
    const log = logOf(killed)
    const hasty = { ...MARKET_SUBJECT, processor: { ...MARKET, horizon: 11 * 60_000_000 } }
    expect(log.flatMap((_, start) => startsAt(MARKET_SUBJECT, log, start) ?? [])).toEqual([])
    expect(log.flatMap((_, start) => startsAt(hasty, log, start) ?? [])).not.toEqual([])
  })
})
