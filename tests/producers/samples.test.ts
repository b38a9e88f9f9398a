import { expect, test } from 'vitest'
import { createMetrics } from '../../io/metrics.ts'
import { openFeedMetrics } from '../../io/feed-metrics.ts'
import { MICROS_PER_SECOND, micros } from '../../core/time.ts'
import { figuresOf, samplesOf } from '../../producers/samples.ts'
import { MOMENT } from '../support/ticks.ts'
import { aggTrade, harness } from './harness.ts'

test('figures are rates since the ones before', () => {
  const feed = harness()
  feed.open()
  for (let a = 1; a <= 10; a++) feed.frame(aggTrade(a))
  const first = figuresOf([feed.state], MOMENT, undefined)
  for (let a = 11; a <= 40; a++) feed.frame(aggTrade(a))
  feed.frame('x')
  const next = figuresOf([feed.state], micros(MOMENT + 10 * MICROS_PER_SECOND), first)
  expect(next.shown).toEqual({ framesPerSecond: 3.1, ticksPerSecond: 3, symbols: 2, gaps: 4, faults: 1 })
})

test('every count of a feed reaches a counter, and is counted once', async () => {
  const feed = harness()
  feed.open()
  feed.frame(aggTrade(1))
  feed.frame('x')
  const metrics = createMetrics('producers', '0')
  const feedMetrics = openFeedMetrics(metrics)
  feedMetrics.publish('binance', 0, samplesOf(feed.state.counts))
  feedMetrics.publish('binance', 0, samplesOf(feed.state.counts))
  feed.frame('x')
  feed.close()
  feedMetrics.publish('binance', 0, samplesOf(feed.state.counts))
  feedMetrics.publish('binance', 1, samplesOf(feed.state.counts))
  const text = await metrics.text()
  const value = (line: RegExp): string | undefined =>
    text
      .split('\n')
      .find((one) => line.test(one))
      ?.split(' ')
      .at(-1)
  expect(value(/ws_frames_total\{exchange="binance",result="fault"/)).toBe('4')
  expect(value(/ws_frames_total\{exchange="binance",result="tick"/)).toBe('2')
  expect(value(/ws_gaps_total\{exchange="binance",reason="START"/)).toBe('6')
  expect(value(/ws_reconnects_total\{exchange="binance",reason="closed"/)).toBe('2')
  expect(value(/stage_records_total\{stage="producer binance",outcome="out"/)).toBe('2')
})

test('lags are shown per exchange, and start anew each time', () => {
  const feedMetrics = openFeedMetrics(createMetrics('producers', '0'))
  for (let i = 0; i < 100; i++) feedMetrics.lag('kraken', 20_000)
  feedMetrics.lag('kraken', -5000)
  const figures = feedMetrics.lagFigures()
  expect(figures['exchangeLagP50Ms.kraken']).toBeCloseTo(20, 0)
  expect(Object.keys(figures)).toEqual(['exchangeLagP50Ms.kraken', 'exchangeLagP99Ms.kraken'])
  expect(feedMetrics.lagFigures()).toEqual({})
})

test('clocks and quarantines are figures and gauges', async () => {
  const metrics = createMetrics('producers', '0')
  const feedMetrics = openFeedMetrics(metrics)
  feedMetrics.oversight(
    new Map([['kraken', -1_500_000]]),
    new Map([
      ['kraken', 2],
      ['okx', 1],
    ]),
  )
  expect(feedMetrics.oversightFigures()).toEqual({ quarantined: 3, 'exchangeClockOffsetMs.kraken': -1500 })
  const text = await metrics.text()
  expect(text).toMatch(/^crosstide_exchange_clock_offset_seconds\{exchange="kraken".*\} -1\.5$/m)
  expect(text).toMatch(/^crosstide_quarantined_symbols\{exchange="kraken".*\} 2$/m)
})
