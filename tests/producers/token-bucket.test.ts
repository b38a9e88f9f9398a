import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowedAt, FULL_BUCKET, hold, take } from '../../producers/token-bucket.ts'

const START = 1_790_000_000_000_000
const LIMIT = { count: 10, perMs: 10_000 }
const SPAN = 10_000_000

describe('a token bucket', () => {
  const requests = fc.array(
    fc.record({ pause: fc.integer({ min: 0, max: 15_000_000 }), weight: fc.integer({ min: 1, max: 8 }) }),
    { minLength: 1, maxLength: 60 },
  )
  const history = (list: readonly { readonly pause: number; readonly weight: number }[]) => {
    let bucket = FULL_BUCKET
    let time = START
    return list.map(({ pause, weight }) => {
      const asked = time + pause
      time = allowedAt(bucket, LIMIT, asked, weight)
      bucket = take(bucket, LIMIT, time, weight)
      return { asked, time, weight, size: bucket.taken.length }
    })
  }

  test('never lets more than four fifths of the limit through in any span of its length', () => {
    fc.assert(
      fc.property(requests, (list) => {
        const taken = history(list)
        for (const { time: from } of taken) {
          const within = taken.filter(({ time }) => time >= from && time < from + SPAN)
          expect(within.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(8)
        }
      }),
    )
  })

  test('makes nobody wait for longer than a span and one of its parts, and nobody while there is room', () => {
    fc.assert(
      fc.property(requests, (list) => {
        const taken = history(list)
        for (const [index, { asked, time, weight }] of taken.entries()) {
          expect(time - asked).toBeLessThanOrEqual(SPAN + SPAN / 64)
          const recent = taken.slice(0, index).filter((one) => one.time > asked - SPAN - SPAN / 64)
          const isRoom = recent.reduce((sum, one) => sum + one.weight, weight) <= 8
          expect(isRoom && time > asked).toBe(false)
        }
      }),
    )
  })

  test('stays small however much is taken', () => {
    let bucket = FULL_BUCKET
    for (let i = 0; i < 10_000; i++) bucket = take(bucket, { count: 1e6, perMs: 60_000 }, START + i * 10_000)
    expect(bucket.taken.length).toBeLessThanOrEqual(66)
    expect(bucket.taken.reduce((sum, { weight }) => sum + weight, 0)).toBeGreaterThanOrEqual(6000)
  })

  test('lets what exceeds our whole share through when nothing else is taken', () => {
    expect(allowedAt(FULL_BUCKET, LIMIT, START, 50)).toBe(START)
    const after = take(FULL_BUCKET, LIMIT, START, 50)
    expect(allowedAt(after, LIMIT, START + 1)).toBeGreaterThanOrEqual(START + SPAN)
    expect(allowedAt(take(FULL_BUCKET, LIMIT, START), LIMIT, START, 50)).toBeGreaterThanOrEqual(START + SPAN)
  })

  test('lets nothing through before what the other side asked for, and never shortens that', () => {
    const held = hold(hold(FULL_BUCKET, START + 5000), START + 3000)
    expect(allowedAt(held, LIMIT, START)).toBe(START + 5000)
    expect(allowedAt(take(held, LIMIT, START), LIMIT, START + 1)).toBe(START + 5000)
    expect(allowedAt(held, LIMIT, START + 6000)).toBe(START + 6000)
  })

  test('gives nothing away when the clock steps back', () => {
    let bucket = FULL_BUCKET
    for (let i = 0; i < 8; i++) bucket = take(bucket, LIMIT, START - i * 1_000_000)
    expect(allowedAt(bucket, LIMIT, START)).toBeGreaterThanOrEqual(START + SPAN - 8_000_000)
    expect(allowedAt(bucket, LIMIT, START - 8_000_000)).toBeGreaterThan(START - 8_000_000)
  })
})
