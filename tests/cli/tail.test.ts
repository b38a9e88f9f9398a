import { describe, expect, test } from 'vitest'
import { parseTime } from '../../cli/tail.ts'

describe('tail --from', () => {
  test.each([
    ['30s', 970_000],
    ['10m', 400_000],
    ['1970-01-01T00:00:05Z', 5000],
  ])('%s is a time', (text, millis) => expect(parseTime(text, 1_000_000)).toBe(millis))

  test.each(['', 'start', '17', '10', 'm', '-5m', '5w', 'yesterday'])('%j is no time', (text) => {
    expect(parseTime(text, 1_000_000)).toBeUndefined()
  })
})
