import { describe, expect, test } from 'vitest'
import { barLine, openBar } from '../../cli/replay-bar.ts'
import { fieldDifferences } from '../../cli/replay-compare.ts'
import { checkOffsets, parseWhere, resolveRange } from '../../cli/replay-range.ts'
import { memoryLog } from '../support/replay-log.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')

describe('an end of a range', () => {
  test.each([
    ['start', { kind: 'start' }],
    ['end', { kind: 'end' }],
    ['0', { kind: 'offset', offset: 0 }],
    ['123456789012', { kind: 'offset', offset: 123_456_789_012 }],
    ['10m', { kind: 'time', timestampMs: NOW - 600_000 }],
    ['2026-11-20T10:00:00Z', { kind: 'time', timestampMs: NOW - 7_200_000 }],
  ])('may be %s', (text, where) => expect(parseWhere('--from', text, NOW)).toEqual(where))

  test.each(['', '-1', '1.5', 'now', '10 m', '2026-13-40', '12345678901234567'])('may not be "%s"', (text) =>
    expect(() => parseWhere('--to', text, NOW)).toThrow(`--to: "${text}" is not`),
  )

  test('is an offset only where one partition is meant', () => {
    const ends = [parseWhere('--from', '5', NOW), parseWhere('--to', 'end', NOW)]
    expect(() => checkOffsets(ends, [0, 1])).toThrow('--partition')
    expect(() => checkOffsets(ends, [1])).not.toThrow()
    expect(() => checkOffsets([parseWhere('--from', '1h', NOW)], [0, 1])).not.toThrow()
  })
})

const SLOT = { topic: 'ticks', partition: 0 }
/** A record each minute from {@link NOW} on, offsets from `first`. */
const minutes = (first: number, count: number) =>
  memoryLog(
    new Map([
      [
        'ticks:0',
        Array.from({ length: count }, (_, n) => ({
          offset: first + n,
          timestampMs: NOW + n * 60_000,
          key: null,
          value: null,
        })),
      ],
    ]),
  )
const range = (from: string, to: string, { first = 0, count = 60, processed = undefined as number | undefined } = {}) =>
  resolveRange(
    minutes(first, count),
    SLOT,
    { from: parseWhere('--from', from, NOW), to: parseWhere('--to', to, NOW) },
    { processed, warmUp: 20 * 60_000_000 },
  )

describe('a range', () => {
  test.each([
    ['start', 'end', { from: 0, to: 60 }],
    ['10', '20', { from: 10, to: 20 }],
    ['2026-11-20T12:10:00Z', '2026-11-20T12:30:00.001Z', { from: 10, to: 31 }],
    ['2026-11-20T14:00:00Z', 'end', { from: 60, to: 60 }],
    ['60', '60', { from: 60, to: 60 }],
  ])('%s to %s', async (from, to, expected) =>
    expect(await range(from, to)).toEqual({ kind: 'range', range: expected }),
  )

  test('ends where live has processed to, if that is known and no end was given', async () => {
    expect(await range('start', 'end', { processed: 40 })).toMatchObject({ range: { from: 0, to: 40 } })
    expect(await range('start', '50', { processed: 40 })).toMatchObject({ range: { from: 0, to: 50 } })
  })

  test('starts, where retention took the first records, as far in as the warm-up is long, and a minute', async () => {
    expect(await range('start', 'end', { first: 100 })).toMatchObject({ range: { from: 121, to: 160 } })
  })

  test('is none where a given offset is trimmed, not written yet, or behind the other', async () => {
    expect(await range('99', 'end', { first: 100 })).toMatchObject({ kind: 'trimmed' })
    expect(await range('0', '61')).toMatchObject({ kind: 'beyond' })
    await expect(range('20', '10')).rejects.toMatchObject({ code: 'WRONG_USE' })
  })
})

describe('progress', () => {
  test('is shown on a terminal ten times a second at most, and nowhere else', () => {
    const lines: string[] = []
    let now = 0
    const write = (text: string): void => void lines.push(text)
    const bar = openBar({ isTTY: true, write }, () => now)
    for (; now < 1000; now += 10) bar.show('partition 0', now, 1000)
    expect(lines).toHaveLength(10)
    openBar({ isTTY: false, write }, () => now).show('partition 0', 1, 2)
    openBar({ write }, () => now).clear()
    expect(lines).toHaveLength(10)
  })

  test('says the share and the rate', () => {
    expect(barLine('partition 0', 250, 1000, 2)).toBe(
      `partition 0  [${'#'.repeat(8)}${'.'.repeat(22)}] 25 %  125 records/s`,
    )
    expect(barLine('nothing', 0, 0, 0)).toBe(`nothing  [${'#'.repeat(30)}] 100 %`)
  })
})

test('fields that differ are named by their path, with both sides', () => {
  const live = { a: 1, legs: [{ price: 1 }, { price: 2 }], gone: true }
  const replayed = { a: 1, legs: [{ price: 1 }, { price: 3 }], come: [] }
  expect(fieldDifferences(live, replayed)).toEqual([
    { field: 'legs.1.price', live: 2, replayed: 3 },
    { field: 'gone', live: true, replayed: undefined },
    { field: 'come', live: undefined, replayed: [] },
  ])
})
