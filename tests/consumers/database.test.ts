import { describe, expect, test } from 'vitest'
import { backOffMs, verdictOf } from '../../consumers/database.ts'

const failure = (code: string, message = '') => Object.assign(new Error(message), { code })

describe('what a failed statement says', () => {
  test.each([
    '08006',
    '53100',
    '53300',
    '55P03',
    '57014',
    '57P01',
    '57P03',
    '58030',
    '40001',
    '40P01',
    '25006',
    '25P03',
  ])('%s is an outage: the same again later', (code) => expect(verdictOf(failure(code))).toBe('outage'))
  test.each(['22003', '22021', '22P05', '23502', '23514'])('%s is the data’s fault', (code) =>
    expect(verdictOf(failure(code))).toBe('refused'),
  )
  test.each(['42601', '42P01', '42501', '21000', '0A000', '28P01', '3D000', 'XX000'])('%s is ours: stop', (code) =>
    expect(verdictOf(failure(code))).toBe('bug'),
  )
  test('a disk that is full shows as an internal error too', () =>
    expect(verdictOf(failure('XX000', 'could not extend file "base/1/2": wrote only 4096 of 8192 bytes'))).toBe(
      'outage',
    ))
  test.each([
    failure('ECONNREFUSED'),
    failure('ECONNRESET'),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
  ])('no connection is an outage: %s', (error) => expect(verdictOf(error)).toBe('outage'))
  test.each([new TypeError('x is undefined'), 'text', undefined, failure('ERR_INVALID_ARG_TYPE')])(
    'anything else is ours: %s',
    (error) => expect(verdictOf(error)).toBe('bug'),
  )
})

test('waits at most 5 s, doubling from 50 ms', () => {
  expect([0, 1, 2, 6, 7, 50].map((attempt) => backOffMs(attempt, 1))).toEqual([50, 100, 200, 3200, 5000, 5000])
  expect(backOffMs(50, 0)).toBe(0)
})
