import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../core/partition.ts'
import { aggTrade, bookTicker, gapsOf, harness, only, ticksOf } from './harness.ts'

const started = () => {
  const feed = harness({ partitions: 2 })
  feed.open()
  feed.frame(aggTrade(1))
  feed.frame(aggTrade(1, 0, 'ETHUSDT'))
  return feed
}
/** ETH lives in the other one. */
const BTC_PARTITION = partitionOf('BTC', 2)

describe('what the writer refused', () => {
  test('becomes an OVERFLOW gap that covers all that was dropped, before anything else in its partition', () => {
    const feed = started()
    feed.refuse(feed.frame(aggTrade(2, 1)))
    expect(ticksOf(feed.frame(aggTrade(3, 2)))).toEqual([])
    expect(ticksOf(feed.frame(bookTicker(1)))).toEqual([])
    feed.pass(0.9)
    const out = feed.wait(0.1)
    const there = ticksOf(out).filter(({ partitions }) => partitions.includes(BTC_PARTITION))
    expect(there.map(({ tick }) => tick.payload.kind)).toEqual(['gap', 'heartbeat'])
    expect(gapsOf(out, 'OVERFLOW')).toEqual([['BTC-USDT', 0, 2]])
    expect(only(feed.frame(aggTrade(4, 3)), 'trade')).toHaveLength(1)
  })

  test('is owed again when the gap is refused too, and grows', () => {
    const feed = started()
    feed.refuse(feed.frame(aggTrade(2, 1)))
    for (let i = 0; i < 5; i++) feed.refuse(feed.wait(0.1))
    feed.frame(aggTrade(3, 7))
    expect(gapsOf(feed.wait(0.1), 'OVERFLOW')).toEqual([['BTC-USDT', 1, 7]])
    expect(feed.state.counts.gaps.OVERFLOW).toBe(1)
  })

  test('holds up no other partition', () => {
    const feed = started()
    feed.refuse(feed.frame(aggTrade(2, 1)))
    expect(only(feed.frame(aggTrade(2, 1, 'ETHUSDT')), 'trade')).toHaveLength(1)
    feed.pass(0.95)
    const beats = ticksOf(feed.wait(0.05)).filter(({ tick }) => tick.payload.kind === 'heartbeat')
    expect(beats.map(({ partitions }) => partitions)).toEqual([[0, 1]])
  })

  test('if it was a START gap, comes before the session’s first heartbeat there', () => {
    const feed = harness({ partitions: 1 })
    feed.open()
    feed.refuse(feed.frame(aggTrade(1)))
    const out = ticksOf(feed.wait(1)).map(({ tick }) => [tick.symbol, tick.payload.kind])
    expect(out).toEqual([
      ['', 'gap'],
      ['BTC-USDT', 'gap'],
      ['', 'heartbeat'],
    ])
    expect(only(feed.outputs, 'gap').map(({ payload }) => payload.reason)).toEqual([
      'START',
      'DISCONNECT',
      'START',
      'OVERFLOW',
    ])
  })

  test('leaves no quote of its partition standing: heartbeats were held back as well', () => {
    const feed = harness({ partitions: 1 })
    feed.open()
    feed.frame(bookTicker(1, '1', '2', 'ETHUSDT'))
    feed.refuse(feed.frame(aggTrade(1)))
    for (let i = 0; i < 40; i++) {
      feed.give({ kind: 'pong', time: feed.now() })
      feed.refuse(feed.wait(0.1))
    }
    expect(gapsOf(feed.wait(0.1), 'OVERFLOW')).toHaveLength(1)
    expect(only(feed.frame(bookTicker(1, '1', '2', 'ETHUSDT')), 'quote')).toHaveLength(1)
  })

  test('if it was a heartbeat only, owes nothing', () => {
    const feed = started()
    feed.refuse(feed.wait(1))
    expect(only(feed.frame(aggTrade(2, 1)), 'trade')).toHaveLength(1)
    expect(gapsOf(feed.outputs, 'OVERFLOW')).toEqual([])
  })

  test('is counted as overflow, what came after it while it was owed as well', () => {
    const feed = started()
    feed.refuse(feed.frame(aggTrade(2, 1)))
    feed.frame(aggTrade(3, 2))
    feed.frame(bookTicker(1))
    expect(feed.state.counts.entries).toMatchObject({ in: 5, out: 2, overflow: 3 })
  })

  test('is passed by no heartbeat, not even the DOWN of a socket that closes', () => {
    const feed = started()
    feed.refuse(feed.frame(aggTrade(2, 1)))
    const down = ticksOf(feed.close()).filter(({ tick }) => tick.payload.kind === 'heartbeat')
    expect(down.map(({ partitions }) => partitions)).toEqual([[1 - BTC_PARTITION]])
    const next = ticksOf(feed.wait(1)).filter(({ partitions }) => partitions.includes(BTC_PARTITION))
    expect(next.map(({ tick }) => tick.payload.kind)).toEqual(['gap', 'heartbeat'])
  })

  test('keeps ordinals ascending', () => {
    const feed = started()
    feed.refuse(feed.frame(aggTrade(2, 1)))
    feed.wait(2)
    feed.frame(aggTrade(3, 2))
    const ordinals = ticksOf(feed.outputs).map(({ tick }) => tick.ordinal)
    expect(ordinals).toEqual(ordinals.toSorted((a, b) => a - b))
    expect(new Set(ordinals).size).toBe(ordinals.length)
  })
})
