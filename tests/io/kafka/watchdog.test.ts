import { expect, test } from 'vitest'
import { delayMs } from '../../../io/kafka/backoff.ts'
import { createStallMeter } from '../../../io/kafka/watchdog.ts'

test('a stall is told once, and again only after something moved', () => {
  const meter = createStallMeter({ limitMs: 100, isIdle: () => false }, 0)
  expect(meter.look(100)).toBeUndefined()
  expect(meter.look(101)).toBe(101)
  expect(meter.look(500)).toBeUndefined()
  meter.moved(500)
  expect(meter.look(600)).toBeUndefined()
  expect(meter.look(700)).toBe(200)
})

test('having nothing to do is no stall, and the time starts when there is something', () => {
  let isIdle = true
  const meter = createStallMeter({ limitMs: 100, isIdle: () => isIdle }, 0)
  expect(meter.look(1000)).toBeUndefined()
  isIdle = false
  expect(meter.look(1050)).toBeUndefined()
  expect(meter.look(1150)).toBe(150)
})

test('back-off is full jitter below a bound that doubles from 250 ms to 5 s', () => {
  const bounds = [0, 1, 2, 3, 4, 5, 100].map((attempt) => delayMs(attempt, () => 1))
  expect(bounds).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000])
  expect(delayMs(3, () => 0)).toBe(0)
})
