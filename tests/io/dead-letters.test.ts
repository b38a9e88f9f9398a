import { describe, expect, test } from 'vitest'
import { openDeadLetters, reasonOf } from '../../io/dead-letters.ts'
import { micros } from '../../core/time.ts'
import type { Outgoing } from '../../io/kafka/port.ts'

const SLOT = { topic: 'crypto-prices.ticks', partition: 4 }
const record = (offset: number) => ({
  offset,
  key: Buffer.from('BTC'),
  value: Buffer.from([0, 1, 255]),
  timestampMs: 5,
})

function box(time = micros(120_000_000)) {
  const appended: Outgoing[] = []
  const counted: string[] = []
  const letters = openDeadLetters({
    stage: 'sink',
    writer: {
      append(records) {
        appended.push(...records)
        return Promise.resolve([])
      },
    },
    now: () => time,
    count: ({ reason }) => counted.push(reason),
  })
  return { letters, appended, counted }
}

describe('dead letters', () => {
  test('are raw bytes with headers that say where they came from and why', async () => {
    const { letters, appended } = box()
    await letters.put([{ slot: SLOT, record: record(17), error: 'bid 2 is not below ask 1' }])
    expect(appended).toEqual([
      {
        topic: 'crypto-prices.ticks.dead-letters',
        partition: 0,
        key: Buffer.from('crypto-prices.ticks'),
        value: Buffer.from([0, 1, 255]),
        timestampMs: 120_000,
        headers: [
          ['dlq-topic', Buffer.from('crypto-prices.ticks')],
          ['dlq-partition', Buffer.from('4')],
          ['dlq-offset', Buffer.from('17')],
          ['dlq-stage', Buffer.from('sink')],
          ['dlq-error', Buffer.from('bid 2 is not below ask 1')],
        ],
      },
    ])
  })

  test('keep within a budget of 100 a minute for each reason, and count all', async () => {
    const { letters, appended, counted } = box()
    const storm = Array.from({ length: 250 }, (_, n) => ({
      slot: SLOT,
      record: record(n),
      error: `${n} trailing bytes`,
    }))
    await letters.put([...storm, { slot: SLOT, record: record(999), error: 'truncated' }])
    expect(appended).toHaveLength(101)
    expect(counted).toHaveLength(251)
    expect(new Set(counted)).toEqual(new Set(['# trailing bytes', 'truncated']))
  })

  test.each([
    ['eventTime: out of range 17', 'eventTime'],
    ['12 trailing bytes', '# trailing bytes'],
    ['wrong magic byte 7', 'wrong magic byte #'],
    ['bid 1.5 is not below ask 1', 'bid #.# is not below ask #'],
    ['22021: invalid byte sequence', '#'],
  ])('%j counts as %j', (error, reason) => expect(reasonOf(error)).toBe(reason))
})
