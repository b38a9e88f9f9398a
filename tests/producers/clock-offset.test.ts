import { describe, expect, test } from 'vitest'
import { decode } from '../../producers/adapter.ts'
import { ADAPTERS } from '../../producers/adapters.ts'
import { micros } from '../../core/time.ts'
import { noOffset, offsetOf, sampled, skewChange, type ClockOffset } from '../../producers/clock-offset.ts'

const SECOND = 1_000_000
const sample = (clock: ClockOffset, of: 'server' | 'events', offsets: readonly number[], from = 0): number => {
  for (const [index, offset] of offsets.entries())
    sampled(clock, of, from + index * SECOND - offset, from + index * SECOND)
  return from + (offsets.length - 1) * SECOND
}
const repeated = (offset: number, times: number) => Array.from({ length: times }, () => offset)

describe('the offset of an exchange’s clock', () => {
  test('is the median, which a few late trades do not move', () => {
    const clock = noOffset()
    const time = sample(clock, 'events', [20, 25, 30, 9_000_000, 22])
    expect(offsetOf(clock, time)).toBe(25)
  })

  test('is the mean of the middle two of an even number', () => {
    const clock = noOffset()
    expect(offsetOf(clock, sample(clock, 'events', [10, 20, 30, 41, 50, 60]))).toBe(36)
  })

  test('is not said by a few samples', () => {
    const clock = noOffset()
    expect(offsetOf(clock, sample(clock, 'events', repeated(7, 4)))).toBeUndefined()
  })

  test('is that of the server’s own times where it gives some', () => {
    const clock = noOffset()
    sample(clock, 'events', repeated(900, 10))
    expect(offsetOf(clock, sample(clock, 'server', repeated(15, 10)))).toBe(15)
  })

  test('forgets what is older than a minute', () => {
    const clock = noOffset()
    sample(clock, 'events', repeated(100, 30))
    const time = sample(clock, 'events', repeated(-500, 30), 75 * SECOND)
    expect(offsetOf(clock, time)).toBe(-500)
    expect(offsetOf(clock, time + 61 * SECOND)).toBeUndefined()
  })

  test('keeps no more samples than a median needs', () => {
    const clock = noOffset()
    for (let i = 0; i < 100_000; i++) sampled(clock, 'events', i * 1000, i * 1000 + 5)
    expect(clock.events.length).toBeLessThanOrEqual(241)
  })
})

describe('an episode of a clock that is off', () => {
  test.each([6, -6])('by %i s begins once and ends once', (seconds) => {
    const clock = noOffset()
    const changes: string[] = []
    const walk = (offset: number, from: number): void => {
      for (let i = 0; i < 90; i++) {
        const time = (from + i) * SECOND
        sampled(clock, 'events', time - offset, time)
        const change = skewChange(clock, time)
        if (change !== undefined) changes.push(change)
      }
    }
    walk(20_000, 0)
    walk(seconds * SECOND, 90)
    walk(20_000, 180)
    expect(changes).toEqual(['begins', 'ends'])
  })

  test('does not end and begin again on the edge', () => {
    const clock = noOffset()
    const changes: (string | undefined)[] = []
    for (let i = 0; i < 600; i++) {
      const time = i * SECOND
      sampled(clock, 'events', time - (i % 200 < 100 ? 5.1 : 4.5) * SECOND, time)
      changes.push(skewChange(clock, time))
    }
    expect(changes.filter((change) => change !== undefined)).toEqual(['begins'])
  })
})

test.each([
  [
    'coinbase',
    '{"channel":"heartbeats","timestamp":"2026-11-20T10:15:31Z","sequence_num":43,"events":[{"heartbeat_counter":1}]}',
  ],
  ['kraken', '{"method":"pong","req_id":1,"time_in":"2026-11-20T10:15:30.9Z","time_out":"2026-11-20T10:15:31Z"}'],
  ['gate', '{"time":1795169731,"time_ms":1795169731000,"channel":"spot.pong","event":"","result":null}'],
] as const)('%s puts its own time on a frame that nothing delays', (exchange, frame) => {
  expect(decode(ADAPTERS[exchange], frame, micros(0))).toMatchObject({
    kind: 'heartbeat',
    serverTime: 1_795_169_731_000_000,
  })
})
