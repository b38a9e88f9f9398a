import { describe, expect, test } from 'vitest'
import { restartDelay } from '../../cli/restart-policy.ts'

const policy = { maxStarts: 3, withinMs: 1000, firstDelayMs: 10, maxDelayMs: 15 }

describe('restart policy', () => {
  test('waits longer after each death, up to a bound', () => {
    expect([restartDelay([0], 1, policy), restartDelay([0, 1], 2, policy)]).toEqual([10, 15])
  })

  test('gives up after too many starts in too short a time', () => {
    expect(restartDelay([0, 1, 2], 3, policy)).toBeUndefined()
  })

  test('forgets starts that are long ago', () => {
    expect(restartDelay([0, 1, 2], 1002, policy)).toBe(10)
    expect(restartDelay([0, 1, 2], 1001, policy)).toBe(10)
  })
})
