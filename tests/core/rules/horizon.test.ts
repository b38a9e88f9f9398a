import { describe, expect, test } from 'vitest'
import { horizonOfAll, horizonsOf } from '../../../core/rules/horizon.ts'
import type { Rule } from '../../../core/rules/document.ts'

const MINUTE = 60_000_000
/** Duplicates that the quality step remembers (10 min), a minute, and the renewal (15 min): what each rule has besides. */
const BESIDES = 26 * MINUTE

const reading = (id: string, type: string, within: string): Rule => ({
  id,
  version: 1,
  name: id,
  enabled: true,
  on: 'match',
  by: ['symbol'],
  pattern: { within, steps: [{ as: 'm', if: `type == '${type}'` }] },
  renew: '15m',
  severity: 'info',
  emit: { type: id },
})
const first = reading('a', 'OTHER', '5m')

describe('the horizon of a rule', () => {
  test('begins a horizon of its own after those of the rules that it reads', () => {
    const rules = [reading('c', 'b', '1m'), reading('b', 'a', '3m'), first]
    expect(Object.fromEntries(horizonsOf(rules))).toEqual({
      a: BESIDES + 5 * MINUTE,
      b: 2 * BESIDES + 8 * MINUTE,
      c: 3 * BESIDES + 9 * MINUTE,
    })
    expect(horizonOfAll(rules)).toBe(3 * BESIDES + 9 * MINUTE)
  })

  test('is the longer one while two of its versions stand side by side', () => {
    expect(horizonOfAll([first, reading('a', 'OTHER', '10m')])).toBe(BESIDES + 10 * MINUTE)
    expect(horizonOfAll([reading('a', 'OTHER', '10m'), first])).toBe(BESIDES + 10 * MINUTE)
  })

  test('is its own where rules read each other, of all of them the sum', () => {
    const rules = [reading('a', 'b', '5m'), reading('b', 'a', '3m')]
    expect(Object.fromEntries(horizonsOf(rules))).toEqual({ a: BESIDES + 5 * MINUTE, b: BESIDES + 3 * MINUTE })
    expect(horizonOfAll(rules)).toBe(2 * BESIDES + 8 * MINUTE)
  })

  test('of no rules is nothing', () => {
    expect(horizonOfAll([])).toBe(0)
  })
})
