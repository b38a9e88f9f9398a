import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseOptions } from '../../bench/options.ts'
import { family, parseStat } from '../../bench/processes.ts'
import { parseProducerPerformance } from '../../bench/producer-performance.ts'
import { pricesOf } from '../../bench/push-client.ts'
import { spreadOf, worstOf } from '../../bench/quantile.ts'
import { failuresOf, framesIn, usageBetween } from '../../bench/rate.ts'

describe('quantiles', () => {
  test('are nearest ranks', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(spreadOf(hundred)).toEqual({ p50Ms: 50, p99Ms: 99 })
    expect(spreadOf([7])).toEqual({ p50Ms: 7, p99Ms: 7 })
    expect(spreadOf([])).toBeUndefined()
  })

  test('of intervals are never better than the worst of them', () => {
    expect(
      worstOf([
        { p50Ms: 3, p99Ms: 9 },
        { p50Ms: 1, p99Ms: 50 },
        { p50Ms: 2, p99Ms: 8 },
      ]),
    ).toEqual({ p50Ms: 2, p99Ms: 50 })
    expect(worstOf([])).toBeUndefined()
    const durations = fc.array(fc.array(fc.nat(1000), { minLength: 1 }), { minLength: 1 })
    fc.assert(
      fc.property(durations, (intervals) => {
        const worst = worstOf(intervals.flatMap((interval) => spreadOf(interval) ?? []))
        expect(worst?.p99Ms).toBeGreaterThanOrEqual(spreadOf(intervals.flat())?.p99Ms ?? Infinity)
      }),
    )
  })
})

describe('processes', () => {
  test('are read from proc, whatever their command is called', () => {
    const text =
      '4711 (node (a b) c) S 17 4711 4711 0 -1 4194560 10 0 0 0 250 50 9 9 20 0 11 0 100 1000 2000 18446744073709551615 1 1 0'
    expect(parseStat(text)).toEqual({ pid: 4711, parent: 17, cpuSeconds: 3 })
    expect(parseStat('')).toBeUndefined()
  })

  test('count with their children, except those that have a name of their own', () => {
    const entry = (pid: number, parent: number) => ({ pid, parent, cpuSeconds: 1 })
    const entries = [entry(1, 0), entry(2, 1), entry(3, 2), entry(4, 2), entry(5, 4), entry(6, 1)]
    expect(family(entries, 2, new Set([2, 4])).map(({ pid }) => pid)).toEqual([2, 3])
  })

  test('use percents of one core', () => {
    const before = new Map([['api', { cpuSeconds: 10, memoryBytes: 1 }]])
    const after = new Map([['api', { cpuSeconds: 25, memoryBytes: 5 * 1024 * 1024 }]])
    expect(usageBetween(before, after, 10)).toEqual({ api: { cpuPercent: 150, memoryMiB: 5 } })
  })
})

describe('a rate', () => {
  const sustained = { rate: 1000, framesPerSecond: 1000, rowsPerSecond: 1040, behind: 50, overflows: 0 }

  test('is sustained if sent, stored and not behind', () => expect(failuresOf(sustained)).toEqual([]))

  test.each([
    [{ framesPerSecond: 900, rowsPerSecond: 940 }, 'the simulator sent 900 frames/s'],
    [{ rowsPerSecond: 900 }, '900 rows/s were stored'],
    [{ behind: 1500 }, '1500 records were not stored yet at the end'],
    [{ overflows: 2 }, '2 overflows'],
  ])('is not with %j', (change, reason) => expect(failuresOf({ ...sustained, ...change })).toEqual([reason]))

  test('counts trades and quotes, no replies', () => {
    const metrics = [
      '# TYPE crosstide_simulator_frames_total counter',
      'crosstide_simulator_frames_total{exchange="binance",kind="quote",role="simulator"} 100',
      'crosstide_simulator_frames_total{exchange="kraken",kind="trade",role="simulator"} 20',
      'crosstide_simulator_frames_total{exchange="kraken",kind="reply",role="simulator"} 7',
    ]
    expect(framesIn(metrics.join('\n'))).toBe(120)
  })
})

describe("Kafka's ProducerPerformance", () => {
  // Printed by Kafka 4.3.1.
  const whole =
    '30000 records sent, 69444.444444 records/sec (7.29 MB/sec), 16.21 ms avg latency, 260.00 ms max latency, 12 ms 50th, 48 ms 95th, 58 ms 99th, 63 ms 99.9th.'
  const steady =
    '20000 steady state records sent, 168067.226891 records/sec (17.63 MB/sec), 11.63 ms avg latency, 25.00 ms max latency, 11 ms 50th, 22 ms 95th, 24 ms 99th, 25 ms 99.9th.'

  test('counts by what it says of the steady state', () => {
    expect(parseProducerPerformance(`Warmup first 10000 records.\n${whole}\n${steady}\n`)).toEqual({
      recordsPerSecond: 168_067.226891,
      mibPerSecond: 17.63,
      p50Ms: 11,
      p99Ms: 24,
    })
    expect(parseProducerPerformance('nothing')).toBeUndefined()
  })
})

describe('a push', () => {
  test('is a price in an update, not one in a snapshot', () => {
    const prices = [{ exchange: 'kraken', symbol: 'BTC-USD', receiveTime: '2026-11-20T10:15:30.123456Z', bid: '1' }]
    expect(pricesOf({ type: 'price_update', prices })).toEqual([
      { name: 'kraken BTC-USD', receiveTime: '2026-11-20T10:15:30.123456Z' },
    ])
    expect(pricesOf({ type: 'snapshot', prices })).toEqual([])
    expect(pricesOf('no message')).toEqual([])
  })
})

describe('options', () => {
  test('double the rates only where none were given', () => {
    expect(parseOptions([])).toMatchObject({ rates: [1000, 5000, 10_000], doubles: true, raw: true, measureMs: 25_000 })
    expect(parseOptions(['--rates', '500', '--no-raw', '--seconds', '10'])).toMatchObject({
      rates: [500],
      doubles: false,
      raw: false,
      measureMs: 10_000,
    })
  })

  test.each([[['--rates', '5']], [['--seconds', '1']], [['--nonesuch']]])('refuse %j', (args) => {
    expect(() => parseOptions(args)).toThrow('usage')
  })
})
