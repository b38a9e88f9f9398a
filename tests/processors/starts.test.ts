import { describe, expect, test } from 'vitest'
import { logOf, type Story } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { NO_RULES } from '../support/rule-sets.ts'
import { startsAt, wholeOf } from '../support/processor-laws.ts'
import { seeded } from '../support/seeded.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { MARKET } from './market/run.ts'
import { marketHorizon } from './market/horizon.ts'

const MARKET_SUBJECT = { processor: MARKET, clock: ticksClock, horizonOf: marketHorizon }

describe('a run that begins anywhere in three days', { timeout: 60_000 }, () => {
  test('writes each kind of output as the whole run does, from its horizon on, for six hours', () => {
    const whole = wholeOf(MARKET_SUBJECT, logOf(seededStory(1)))
    const { log, outputs } = whole
    const random = seeded(1)
    // Three hundred records an hour.
    const wrong = Array.from({ length: 50 }, () => startsAt(MARKET_SUBJECT, whole, random(log.length), 1800))
    expect(wrong.filter((one) => one !== undefined)).toEqual([])
    expect(new Set(outputs.map(({ topic }) => topic))).toEqual(new Set(MARKET.outputs))
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
    const whole = wholeOf(MARKET_SUBJECT, logOf(killed, { rules: () => NO_RULES }))
    const hasty = { ...MARKET_SUBJECT, processor: { ...MARKET, horizon: 11 * 60_000_000 } }
    expect(whole.log.flatMap((_, start) => startsAt(MARKET_SUBJECT, whole, start) ?? [])).toEqual([])
    expect(whole.log.flatMap((_, start) => startsAt(hasty, whole, start) ?? [])).not.toEqual([])
  })
})
