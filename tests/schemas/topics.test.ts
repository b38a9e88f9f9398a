import { describe, expect, test } from 'vitest'
import { catalogue } from '../../schemas/topics.ts'

const topics = Object.values(catalogue(6))

describe('topic catalogue', () => {
  // crypto-alerts is a family of one.
  test.each(topics)('$name is a family and a thing in lower kebab case, without underscores', ({ name }) => {
    expect(name).toMatch(/^(crypto-alerts|[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*)(\.(dead-letters|snapshots))?$/)
  })

  test.each(topics)('$name is bounded in bytes, so that no disk fills', ({ retentionBytes, partitions }) => {
    expect(retentionBytes / partitions).toBeGreaterThan(1024 * 1024)
    expect(retentionBytes).toBeLessThanOrEqual(2 * 1024 ** 3)
  })

  test('every topic of records has its dead letters', () => {
    const names = new Set(topics.map(({ name }) => name))
    const withSchema = topics.filter(({ schema }) => schema !== undefined)
    expect(withSchema.map(({ name }) => `${name}.dead-letters`).filter((name) => !names.has(name))).toEqual([])
  })

  test('ticks are stamped by the broker, whose clock bounds the partition clock', () => {
    expect(topics.filter(({ timestamps }) => timestamps === 'LogAppendTime').map(({ name }) => name)).toEqual([
      'crypto-prices.ticks',
    ])
  })

  test('only alerts promise that old readers read on', () => {
    expect(topics.filter(({ compatibility }) => compatibility === 'FULL_TRANSITIVE').map(({ name }) => name)).toEqual([
      'crypto-alerts',
    ])
  })

  test('only documents and snapshots are compacted', () => {
    expect(topics.filter(({ cleanup }) => cleanup === 'compact').map(({ name }) => name)).toEqual([
      'crosstide.market.snapshots',
      'crosstide.control',
    ])
  })
})
