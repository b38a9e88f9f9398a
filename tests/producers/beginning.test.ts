import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { okx } from '../../producers/okx.ts'
import { MOMENT } from '../support/ticks.ts'
import { gapsOf, harness, only, seconds } from './harness.ts'

const BTC = { symbol: 'BTC-USDT', nativeSymbol: 'BTC-USDT' }
const ETH = { symbol: 'ETH-USDT', nativeSymbol: 'ETH-USDT' }
const ms = (at: number): string => String(Math.round(MOMENT / 1000 + at * 1000))
const trades = (...list: readonly (readonly [id: number, at: number])[]) => ({
  arg: { channel: 'trades', instId: 'BTC-USDT' },
  data: list.map(([id, at]) => ({
    instId: 'BTC-USDT',
    tradeId: String(id),
    px: '91236.9',
    sz: '0.0126',
    side: 'buy',
    ts: ms(at),
  })),
})
const top = (at: number, instId = 'BTC-USDT') => ({
  arg: { channel: 'bbo-tbt', instId },
  data: [{ asks: [['3', '1', '0', '1']], bids: [['2', '1', '0', '1']], ts: ms(at) }],
})
const ids = (out: Parameters<typeof only>[0]): readonly string[] => only(out, 'trade').map(({ payload }) => payload.id)
const start = (change: Parameters<typeof harness>[0] = {}) => {
  const feed = harness({ adapter: okx, instruments: [BTC], partitions: 1, ...change })
  feed.open()
  return feed
}

describe('what OKX begins a subscription of trades with, its newest one,', () => {
  test('is history on a process’s first connection: the one before may have put it out', () => {
    const { frame, pass, state } = start()
    pass(0.2)
    expect(ids(frame(trades([7, -25])))).toEqual([])
    expect(state.counts.entries).toMatchObject({ in: 1, history: 1, out: 0 })
  })

  test('lies within the gap before the first record, so that it is fetched if it was not put out before', () => {
    const { frame, pass } = start()
    pass(0.2)
    frame(trades([7, -25]))
    const [gap] = gapsOf(frame(top(0.1)), 'START')
    expect(gap?.[1]).toBeLessThanOrEqual(-25)
    expect(gap?.[2]).toBeGreaterThanOrEqual(-25)
  })

  test('is a trade like the others in a recording, whose other trades nobody wrote before either', () => {
    const { frame, pass } = start({ feed: 'RECORDED' })
    pass(0.2)
    expect(ids(frame(trades([7, -25])))).toEqual(['7'])
  })

  test('is a live trade if it is newer than the subscription', () => {
    const { frame, pass } = start()
    pass(2)
    expect(ids(frame(trades([7, 1.5])))).toEqual(['7'])
  })

  test('is the first frame alone: a trade after it comes out, however old it is stamped', () => {
    const { frame, pass } = start()
    pass(0.2)
    frame(trades([7, -25]))
    expect(ids(frame(trades([8, -1])))).toEqual(['8'])
  })

  test('is put out after a reconnect if it is news, and not again if it is not', () => {
    const again = (id: number, at: number) => {
      const feed = start()
      feed.pass(1)
      feed.frame(trades([7, 0.5]))
      feed.close()
      // The memory of ids has ended by then.
      feed.wait(900)
      feed.open()
      feed.pass(0.2)
      return ids(feed.frame(trades([id, at])))
    }
    expect(again(7, 0.5)).toEqual([])
    expect(again(8, 600)).toEqual(['8'])
  })

  test('is not put out again when the symbol is removed and added', () => {
    const feed = start()
    const follow = (...instruments: readonly (typeof BTC)[]) =>
      feed.give({ kind: 'follow', time: feed.now(), instruments, conversions: new Set() })
    feed.pass(1)
    feed.frame(trades([7, 0.5]))
    follow(ETH)
    for (let minute = 0; minute < 15; minute++) {
      feed.pass(60)
      feed.frame(top(seconds(feed.now()), 'ETH-USDT'))
    }
    follow(ETH, BTC)
    feed.wait(1)
    expect(ids(feed.frame(trades([7, 0.5])))).toEqual([])
    expect(ids(feed.frame(trades([8, seconds(feed.now())])))).toEqual(['8'])
  })

  test('is history on the next socket, too, and shows that it overlaps the present one', () => {
    const feed = start()
    feed.pass(1)
    feed.frame(trades([7, 0.5]))
    feed.state.rotateAt = micros(feed.now())
    feed.wait(0.2)
    feed.next.open()
    feed.next.frame(trades([7, 0.5]))
    expect(feed.state.next?.handovers.get('BTC-USDT')?.isCommon).toBe(true)
    expect(feed.state.next?.held).toBe(0)
  })
})
