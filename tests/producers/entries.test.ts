import { describe, expect, test } from 'vitest'
import { micros, toIso } from '../../core/time.ts'
import { binance } from '../../producers/binance.ts'
import { coinbase } from '../../producers/coinbase.ts'
import { kraken } from '../../producers/kraken.ts'
import { MOMENT } from '../support/ticks.ts'
import { aggTrade, bookTicker, gapsOf, harness, lettersOf, only, ticksOf } from './harness.ts'

const started = (change: Parameters<typeof harness>[0] = {}) => {
  const feed = harness({ partitions: 1, ...change })
  feed.open()
  return feed
}
const ids = (out: Parameters<typeof only>[0]): readonly string[] => only(out, 'trade').map(({ payload }) => payload.id)
const iso = (at: number): string => toIso(micros(Math.round(MOMENT + at * 1e6)))

/** Coinbase frames; `number` is the connection's numbering. */
const trades = (number: number, type: string, list: readonly (readonly [id: number, at: number])[]) => ({
  channel: 'market_trades',
  sequence_num: number,
  events: [
    {
      type,
      trades: list.toReversed().map(([id, at]) => ({
        product_id: 'BTC-USD',
        trade_id: String(id),
        price: '91230.01',
        size: '0.5',
        time: iso(at),
        side: 'SELL',
      })),
    },
  ],
})
/** A Kraken quote: it has no update number. */
const ticker = (bid: number, bid_qty: number) => ({
  channel: 'ticker',
  type: 'update',
  data: [{ symbol: 'BTC/USD', bid, bid_qty, ask: 101, ask_qty: 1 }],
})
const BTC_KRAKEN = { symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }
const BTC_USD = { symbol: 'BTC-USD', nativeSymbol: 'BTC-USD' }

describe('trades', () => {
  test('come out once, though the exchange repeats them', () => {
    const { frame, state } = started()
    expect(ids([1, 2, 2, 1, 3].flatMap((a) => frame(aggTrade(a))))).toEqual(['1', '2', '3'])
    expect(state.counts.entries).toMatchObject({ in: 5, out: 3, duplicate: 2 })
  })

  test('are known again for ten minutes, and no longer', () => {
    const { frame, pass } = started()
    frame(aggTrade(1))
    frame(aggTrade(2))
    pass(599)
    expect(ids([frame(aggTrade(1, 599)), frame(aggTrade(3, 599))].flat())).toEqual(['3'])
    pass(120)
    expect(ids(frame(aggTrade(1, 719)))).toEqual(['1'])
  })

  test('have a SEQUENCE gap before the one that breaks the numbering', () => {
    const { frame } = started()
    frame(aggTrade(10, 1))
    expect(gapsOf(frame(aggTrade(11, 2)), 'SEQUENCE')).toEqual([])
    const out = frame(aggTrade(14, 3))
    expect(only(out, 'gap')).toHaveLength(1)
    expect(ticksOf(out).map(({ tick }) => tick.payload.kind)).toEqual(['gap', 'trade'])
    expect(gapsOf(out, 'SEQUENCE')).toEqual([['BTC-USDT', 2, 3]])
  })

  test('have a gap when the numbering starts again from below', () => {
    const { frame } = started()
    frame(aggTrade(1000, 1))
    expect(gapsOf(frame(aggTrade(1, 2)), 'SEQUENCE')).toEqual([['BTC-USDT', 1, 2]])
    expect(gapsOf(frame(aggTrade(2, 3)), 'SEQUENCE')).toEqual([])
  })

  test('are numbered per symbol', () => {
    const { frame } = started()
    frame(aggTrade(10, 1))
    expect(gapsOf(frame(aggTrade(500, 1, 'ETHUSDT')), 'SEQUENCE')).toEqual([])
  })

  test('lost between two connections have a SEQUENCE gap, though the exchange’s clock is ahead of ours', () => {
    const feed = started()
    feed.frame(aggTrade(10, 0.3))
    feed.close()
    feed.pass(10)
    feed.open()
    // The exchange's clock says 10.3; it made trade 11 at 10.2, before we subscribed.
    expect(gapsOf(feed.frame(bookTicker(2)), 'DISCONNECT').map(([, , to]) => to)).toEqual([10])
    feed.pass(0.1)
    const out = feed.frame(aggTrade(12, 10.4))
    expect(gapsOf(out, 'SEQUENCE')).toEqual([['BTC-USDT', 0.3, 10.4]])
    expect(ticksOf(out).map(({ tick }) => tick.payload.kind)).toEqual(['gap', 'trade'])
    expect(gapsOf(feed.frame(aggTrade(13, 10.5)), 'SEQUENCE')).toEqual([])
  })

  test('have no gap where none is missing, or the exchange began anew, between two connections', () => {
    const next = (a: number) => {
      const feed = started()
      feed.frame(aggTrade(10, 0))
      feed.close()
      feed.wait(2)
      feed.open()
      return gapsOf(feed.frame(aggTrade(a, 2)), 'SEQUENCE')
    }
    expect([11, 9, 1].map(next)).toEqual([[], [], []])
    expect(next(12)).toHaveLength(1)
  })

  test('of the first connection have no gap, whatever their first number', () => {
    expect(gapsOf(started().frame(aggTrade(500)), 'SEQUENCE')).toEqual([])
  })

  test('that no one numbers one by one have no gap between two connections', () => {
    const feed = started({ adapter: { ...binance, numberedTrades: false } })
    feed.frame(aggTrade(10))
    feed.close()
    feed.wait(2)
    feed.open()
    expect(gapsOf(feed.frame(aggTrade(20, 2)), 'SEQUENCE')).toEqual([])
  })

  test('more than ten minutes off are faults with the raw frame, five seconds off are counted', () => {
    const { frame, state } = started()
    frame(aggTrade(1))
    const far = aggTrade(2, 601)
    const out = frame(far)
    expect(ids(out)).toEqual([])
    expect(lettersOf(out)).toMatchObject([{ error: 'eventTime: more than 10 minutes off', raw: JSON.stringify(far) }])
    expect(ids([frame(aggTrade(3, -6)), frame(aggTrade(4, 599))].flat())).toEqual(['3', '4'])
    expect(state.counts.findings.skewed).toBe(2)
  })

  test('of a symbol that nobody asked for are faults', () => {
    const { frame, state } = started()
    expect(lettersOf(frame(aggTrade(1, 0, 'DOGEUSDT')))).toMatchObject([{ error: 'symbol: not subscribed' }])
    expect(state.counts.entries).toMatchObject({ in: 1, fault: 1, out: 0 })
  })
})

describe('trades sent at subscribe', () => {
  const subscribed = () => started({ adapter: coinbase, instruments: [BTC_USD] })

  test('are history on the first connection: none is emitted, and the stream goes on from them', () => {
    const { frame, state } = subscribed()
    expect(
      ids(
        frame(
          trades(0, 'snapshot', [
            [1, -30],
            [2, -20],
            [3, -10],
          ]),
        ),
      ),
    ).toEqual([])
    expect(state.counts.entries).toMatchObject({ in: 3, history: 3 })
    const live = frame(trades(1, 'update', [[4, 0]]))
    expect(ids(live)).toEqual(['4'])
    expect(gapsOf(live, 'SEQUENCE')).toEqual([])
    expect(gapsOf(frame(trades(2, 'update', [[6, 1]])), 'SEQUENCE')).toEqual([['BTC-USD', 0, 1]])
  })

  test('are history only in Kraken’s snapshot', () => {
    const of = (type: string, trade_id: number) => ({
      channel: 'trade',
      type,
      data: [{ symbol: 'BTC/USD', side: 'buy', price: 100.5, qty: 1, trade_id, timestamp: iso(0) }],
    })
    const { frame, state } = started({ adapter: kraken, instruments: [BTC_KRAKEN] })
    expect([of('snapshot', 7), of('update', 8)].flatMap((one) => ids(frame(one)))).toEqual(['8'])
    expect(state.counts.entries).toMatchObject({ in: 2, history: 1, out: 1 })
  })

  test('show a loss between them and the stream', () => {
    const { frame } = subscribed()
    frame(trades(0, 'snapshot', [[1, -30]]))
    expect(gapsOf(frame(trades(1, 'update', [[4, 0]])), 'SEQUENCE')).toHaveLength(1)
  })

  test('are emitted after a reconnect where their ids are above the last', () => {
    const feed = subscribed()
    feed.pass(0.1)
    feed.frame(
      trades(0, 'update', [
        [1, 0],
        [2, 0.1],
      ]),
    )
    feed.close()
    feed.wait(2.9)
    feed.open()
    const out = feed.frame(
      trades(0, 'snapshot', [
        [1, 0],
        [2, 0.1],
        [3, 1],
        [4, 2],
      ]),
    )
    expect(ids(out)).toEqual(['3', '4'])
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['BTC-USD', 0.1, 3]])
    expect(gapsOf(feed.frame(trades(1, 'update', [[5, 3]])), 'SEQUENCE')).toEqual([])
  })

  test('are old news after a reconnect without new trades, and the numbering goes on', () => {
    const feed = subscribed()
    feed.frame(
      trades(0, 'update', [
        [1, 0],
        [2, 0.1],
      ]),
    )
    feed.close()
    feed.wait(3)
    feed.open()
    expect(
      ids(
        feed.frame(
          trades(0, 'snapshot', [
            [1, 0],
            [2, 0.1],
          ]),
        ),
      ),
    ).toEqual([])
    expect(gapsOf(feed.frame(trades(1, 'update', [[3, 3]])), 'SEQUENCE')).toEqual([])
    expect(gapsOf(feed.frame(trades(2, 'update', [[5, 3]])), 'SEQUENCE')).toHaveLength(1)
  })
})

describe('the numbering of a connection’s frames', () => {
  test('broken, has gaps that cover the time since the last trade came, though it was stamped ahead', () => {
    const feed = started({ adapter: coinbase, instruments: [BTC_USD] })
    feed.frame(trades(7, 'update', [[1, 5]]))
    feed.wait(1)
    expect(gapsOf(feed.frame({ channel: 'heartbeats', sequence_num: 9, events: [{}] }), 'SEQUENCE')).toEqual([
      ['BTC-USD', 0, 1],
    ])
  })

  test('broken, gives every symbol a SEQUENCE gap', () => {
    const feed = started({ adapter: coinbase, instruments: [BTC_USD] })
    feed.frame(trades(7, 'update', [[1, 0]]))
    feed.wait(1)
    expect(gapsOf(feed.frame({ channel: 'heartbeats', sequence_num: 8, events: [{}] }), 'SEQUENCE')).toEqual([])
    expect(gapsOf(feed.frame({ channel: 'heartbeats', sequence_num: 10, events: [{}] }), 'SEQUENCE')).toEqual([
      ['BTC-USD', 0, 1],
    ])
    expect(gapsOf(feed.frame({ channel: 'heartbeats', sequence_num: 9, events: [{}] }), 'SEQUENCE')).toEqual([])
    expect(gapsOf(feed.frame({ channel: 'heartbeats', sequence_num: 11, events: [{}] }), 'SEQUENCE')).toEqual([])
  })
})

describe('quotes', () => {
  const quotes = (out: Parameters<typeof only>[0]) => only(out, 'quote').map(({ sequence }) => sequence)

  test('come out once by their update number', () => {
    const { frame } = started()
    expect(quotes([5, 6, 6, 4, 7].flatMap((u) => frame(bookTicker(u))))).toEqual([5, 6, 7])
  })

  test('come out though a new session’s update numbers start again from below', () => {
    const feed = started()
    feed.frame(bookTicker(1000))
    feed.close()
    feed.wait(1)
    feed.open()
    expect(quotes([5, 6, 6, 7].flatMap((u) => feed.frame(bookTicker(u))))).toEqual([5, 6, 7])
  })

  test('come out again, though equal, after a DOWN', () => {
    const byNumbers = started({ adapter: kraken, instruments: [BTC_KRAKEN] })
    byNumbers.frame(ticker(100, 1))
    byNumbers.wait(1)
    expect(only(byNumbers.frame(ticker(100, 1)), 'quote')).toEqual([])
    expect(only(byNumbers.wait(3), 'heartbeat').map(({ payload }) => payload.state)).toContain('DOWN')
    expect(only(byNumbers.frame(ticker(100, 1)), 'quote')).toHaveLength(1)
    const byUpdate = started()
    byUpdate.frame(bookTicker(5))
    byUpdate.wait(3)
    expect(quotes([5, 5].flatMap((u) => byUpdate.frame(bookTicker(u))))).toEqual([5])
  })

  test('come out again, though equal, after an OVERFLOW gap that took their place', () => {
    const feed = started({ adapter: kraken, instruments: [BTC_KRAKEN] })
    feed.refuse(feed.frame(ticker(100, 1)))
    expect(gapsOf(feed.wait(0.1), 'OVERFLOW')).toHaveLength(1)
    expect(only(feed.frame(ticker(100, 1)), 'quote')).toHaveLength(1)
  })

  test('that cannot be read withdraw the one that stands, once, and are letters', () => {
    const { frame, state } = started()
    frame(bookTicker(1))
    const out = frame(bookTicker(2, '91234.494999999999999999'))
    expect(gapsOf(out, 'WITHDRAWN')).toEqual([['BTC-USDT', 0, 0]])
    expect(lettersOf(out)).toMatchObject([{ error: 'bid: more digits than a double holds' }])
    expect(gapsOf(frame(bookTicker(3, 'x')), 'WITHDRAWN')).toEqual([])
    expect(quotes(frame(bookTicker(4)))).toEqual([4])
    expect(state.counts.frames).toMatchObject({ tick: 2, fault: 2 })
  })

  test('that cannot be read among others withdraw only their own symbol’s', () => {
    const ETH_KRAKEN = { symbol: 'ETH-USD', nativeSymbol: 'ETH/USD' }
    const { frame, state } = started({ adapter: kraken, instruments: [BTC_KRAKEN, ETH_KRAKEN] })
    const both = (bid: number | string, eth: number) => ({
      ...ticker(0, 1),
      data: [
        { symbol: 'BTC/USD', bid, bid_qty: 1, ask: 101, ask_qty: 1 },
        { symbol: 'ETH/USD', bid: eth, bid_qty: 1, ask: 101, ask_qty: 1 },
      ],
    })
    frame(both(100, 50))
    const out = frame(both('x', 51))
    expect(gapsOf(out, 'WITHDRAWN').map(([symbol]) => symbol)).toEqual(['BTC-USD'])
    expect(only(out, 'quote').map(({ symbol }) => symbol)).toEqual(['ETH-USD'])
    expect(state.counts.entries).toMatchObject({ in: 4, out: 3, fault: 1, withdrawn: 0 })
  })

  test('are withdrawn after a DOWN too: no gap has done so', () => {
    const feed = started()
    feed.frame(bookTicker(1))
    feed.wait(3)
    expect(gapsOf(feed.frame(bookTicker(2, '91235.00000000')), 'WITHDRAWN')).toEqual([['BTC-USDT', 3, 3]])
    expect(gapsOf(feed.frame(bookTicker(3, '91235.00000000')), 'WITHDRAWN')).toEqual([])
  })

  test('come out once by their four numbers where they have no update number', () => {
    const { frame, state } = started({ adapter: kraken, instruments: [BTC_KRAKEN] })
    const out = [ticker(100, 1), ticker(100, 1), ticker(100, 2), ticker(99, 2)].flatMap((one) => frame(one))
    expect(only(out, 'quote').map(({ payload }) => [payload.bid, payload.bidSize])).toEqual([
      [100, 1],
      [100, 2],
      [99, 2],
    ])
    expect(state.counts.entries.duplicate).toBe(1)
  })

  test('not worth emitting withdraw the one that stands, once', () => {
    const { frame, state } = started()
    frame(bookTicker(1))
    const crossed = frame(bookTicker(2, '91235.00000000'))
    expect(gapsOf(crossed, 'WITHDRAWN')).toEqual([['BTC-USDT', 0, 0]])
    expect(gapsOf(frame(bookTicker(3, '0.00000000')), 'WITHDRAWN')).toEqual([])
    expect(quotes(frame(bookTicker(4)))).toEqual([4])
    expect(gapsOf(frame(bookTicker(5, '91235.00000000')), 'WITHDRAWN')).toHaveLength(1)
    expect(state.counts.findings).toMatchObject({ crossed: 2, one_sided: 1 })
    expect(state.counts.entries).toMatchObject({ in: 5, out: 2, withdrawn: 3 })
  })
})

describe('a conversion symbol', () => {
  const conversions = new Set(['BTC-USDT'])
  const rates = (out: Parameters<typeof ticksOf>[0]) =>
    ticksOf(out)
      .filter(({ tick }) => tick.payload.kind === 'rate')
      .map(({ tick, partitions, key }) => [tick.symbol, key, partitions, tick.payload])

  test('has its quotes written as rates to every partition, at each change of a price', () => {
    const { frame } = started({ conversions, partitions: 2 })
    expect(rates(frame(bookTicker(1, '2', '3')))).toEqual([['BTC-USDT', '*', [0, 1], { kind: 'rate', bid: 2, ask: 3 }]])
    expect(rates(frame(bookTicker(2, '2', '3')))).toEqual([])
    expect(rates(frame(bookTicker(3, '2', '4')))).toHaveLength(1)
    expect(rates(frame(bookTicker(4, '2', '4', 'ETHUSDT')))).toEqual([])
  })

  test('has its rate repeated each ten seconds while up, with the present time', () => {
    const { frame, wait, give, now } = started({ conversions })
    frame(bookTicker(1, '2', '3'))
    const out = Array.from({ length: 25 }, () => {
      give({ kind: 'pong', time: now() })
      return wait(1)
    }).flat()
    expect(only(out, 'rate').map(({ receiveTime }) => (receiveTime - MOMENT) / 1e6)).toEqual([10, 20])
  })

  test('has no rate repeated while down or after a gap', () => {
    const { frame, wait, give, now } = started({ conversions })
    frame(bookTicker(1, '2', '3'))
    expect(only(wait(15), 'rate')).toEqual([])
    frame(bookTicker(2, '3', '3'))
    const out = Array.from({ length: 15 }, () => {
      give({ kind: 'pong', time: now() })
      return wait(1)
    }).flat()
    expect(only(out, 'rate')).toEqual([])
    expect(only(frame(bookTicker(3, '2', '3')), 'rate')).toHaveLength(1)
  })

  test('has its gaps written to every partition', () => {
    const { frame } = started({ conversions, partitions: 2 })
    frame(aggTrade(1))
    const out = ticksOf(frame(aggTrade(3)))
    expect(out.map(({ tick, partitions }) => [tick.payload.kind, partitions.length])).toEqual([
      ['gap', 2],
      ['trade', 1],
    ])
  })
})
