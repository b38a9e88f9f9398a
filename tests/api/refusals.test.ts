import { expect, test } from 'vitest'
import { createRefusals, type RefusalRecord } from '../../api/refusals.ts'
import { MICROS_PER_MINUTE, micros } from '../../core/time.ts'

const at = (minutes: number) => micros(1 + minutes * MICROS_PER_MINUTE)

function setUp() {
  const records: RefusalRecord[] = []
  return { records, refusals: createRefusals((one) => records.push(one)) }
}

test('the first refusal is on record at once, those within a minute are counted in one more record', () => {
  const { records, refusals } = setUp()
  for (let n = 0; n < 50; n++) refusals.refused('10.0.0.1', 'wrong_key', `/api/v1/${n}`, at(0))
  expect(records).toEqual([{ address: '10.0.0.1', reason: 'wrong_key', path: '/api/v1/0', count: 1 }])
  refusals.flush(at(0.9))
  expect(records).toHaveLength(1)
  refusals.flush(at(1))
  expect(records[1]).toMatchObject({ address: '10.0.0.1', count: 49 })
  refusals.flush(at(2))
  expect(records).toHaveLength(2)
  refusals.refused('10.0.0.1', 'wrong_key', '/', at(3))
  expect(records).toHaveLength(3)
})

test('addresses and reasons are on record apart', () => {
  const { records, refusals } = setUp()
  refusals.refused('10.0.0.1', 'wrong_key', '/', at(0))
  refusals.refused('10.0.0.1', 'no_key', '/', at(0))
  refusals.refused('10.0.0.2', 'no_key', '/', at(0))
  expect(records.map(({ address, reason }) => `${address} ${reason}`)).toEqual([
    '10.0.0.1 wrong_key',
    '10.0.0.1 no_key',
    '10.0.0.2 no_key',
  ])
})

test('a flood from everywhere is counted whole and stays bounded', () => {
  const { records, refusals } = setUp()
  for (let n = 0; n < 5000; n++) refusals.refused(`10.0.${n >> 8}.${n & 255}`, 'no_key', 'x'.repeat(500), at(0))
  refusals.flush(at(1))
  expect(records.length).toBeLessThanOrEqual(1002)
  expect(records.reduce((sum, { count }) => sum + count, 0)).toBe(5000)
  expect(records.every(({ path }) => path.length <= 100)).toBe(true)
})
