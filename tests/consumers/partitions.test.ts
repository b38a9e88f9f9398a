import { describe, expect, test } from 'vitest'
import { partitionPlan, type Existing } from '../../consumers/partitions.ts'

const at = (text: string) => Date.parse(text)

describe('partition plan', () => {
  test('wants yesterday to seven days ahead of each table, across a leap day', () => {
    const { add } = partitionPlan(at('2028-02-27T23:59:59.999Z'), [], 7)
    expect(add.filter(({ parent }) => parent === 'quotes').map(({ day }) => day)).toEqual([
      '2028-02-26',
      '2028-02-27',
      '2028-02-28',
      '2028-02-29',
      '2028-03-01',
      '2028-03-02',
      '2028-03-03',
      '2028-03-04',
      '2028-03-05',
    ])
  })

  test('keeps retentionDays before today and never drops what it would make', () => {
    const days = ['2026-11-13', '2026-11-14', '2026-11-20', '2026-11-21']
    const existing = days.map((day): Existing => ({ parent: 'trades', day, attached: true }))
    const now = at('2026-11-21T00:00:00Z')
    expect(partitionPlan(now, existing, 7).drop.map(({ day }) => day)).toEqual(['2026-11-13'])
    expect(partitionPlan(now, existing, 0).drop.map(({ day }) => day)).toEqual(['2026-11-13', '2026-11-14'])
  })

  test('adds only what is missing', () => {
    const now = at('2026-11-21T12:00:00Z')
    const all = partitionPlan(now, [], 7).add.map((one): Existing => ({ ...one, attached: true }))
    expect(partitionPlan(now, all.slice(1), 7)).toEqual({ add: [{ parent: 'trades', day: '2026-11-20' }], drop: [] })
  })
})
