import { describe, expect, test } from 'vitest'
import { historyQuery, parse, pricesQuery } from '../../api/parameters.ts'

const said = (schema: Parameters<typeof parse>[0], input: unknown): string => {
  try {
    parse(schema, input)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return ''
}

describe('a request’s parameters', () => {
  test.each([
    ['1001', 'limit: at most 1000'],
    ['1000000', 'limit: at most 1000'],
    ['9'.repeat(400), 'limit: at most 1000'],
    ['0', 'limit: at least 1'],
    ['-1', 'limit: not a whole number'],
    ['1.5', 'limit: not a whole number'],
    ['', 'limit: not a whole number'],
  ])('with limit=%s are refused, and it is said what may be asked', (limit, why) => {
    expect(said(pricesQuery, { limit })).toBe(why)
  })

  test('may ask for up to a thousand rows', () => {
    expect(parse(pricesQuery, { limit: '1000' }).limit).toBe(1000)
    expect(parse(pricesQuery, {}).limit).toBe(100)
  })

  test('that lack one say that it is required', () => {
    expect(said(historyQuery, {})).toBe('symbol: required; from: required')
  })

  test('that are given twice are not said to be missing', () => {
    expect(said(pricesQuery, { symbol: ['A-B', 'C-D'] })).not.toContain('required')
  })
})
