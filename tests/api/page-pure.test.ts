import { describe, expect, test } from 'vitest'
import { barsSince, readBars } from '../../api/page/bars.ts'
import { retryDelayMs } from '../../api/page/retry.ts'
import { readQuotes, readTrades } from '../../api/page/documents.ts'
import { lossesOf, placeOf, withCauses, type GapRow } from '../../api/page/gaps.ts'
import { createLines } from '../../api/page/lines.ts'
import { addressOf, placeOfAddress } from '../../api/page/place.ts'
import { mergePoints, windowsBefore } from '../../api/page/points.ts'

const at = (...pairs: readonly (readonly [number, number])[]) => pairs.map(([time, value]) => ({ time, value }))
const row = (change: Partial<GapRow>): GapRow => ({
  exchange: 'kraken',
  symbol: 'A-B',
  reason: 'DISCONNECT',
  fromMs: 10,
  toMs: 20,
  session: '1',
  backfilled: false,
  ...change,
})

describe('points of a line', () => {
  test('are one a second, ascending, the later given one of a second wins', () => {
    expect(mergePoints(at([3, 1], [5, 1]), at([4, 2], [5, 2], [3, 9]), 0)).toEqual(at([3, 9], [4, 2], [5, 2]))
  })

  test('grow at the end and lose what is too old', () => {
    expect(mergePoints(at([1, 1], [5, 1]), at([6, 2]), 2)).toEqual(at([5, 1], [6, 2]))
    expect(mergePoints(at([1, 1], [5, 1]), at([5, 2]), 2)).toEqual(at([5, 2]))
  })

  test('come from decimal texts; what cannot be read is left out', () => {
    const trade = { exchange: 'a', price: '1.5', eventTime: '1970-01-01T00:00:07.999999Z' }
    expect(readTrades({ trades: [trade, { ...trade, price: undefined }, { ...trade, eventTime: 'x' }, null] })).toEqual(
      [{ exchange: 'a', line: 'trade', time: 7, value: 1.5 }],
    )
    expect(readQuotes({}).length + readQuotes(undefined).length).toBe(0)
  })

  test('tell the chart when one was added at the end, and when a line must be drawn anew', () => {
    const lines = createLines()
    const sample = (time: number, value: number) => ({ exchange: 'a', line: 'bid', time, value }) as const
    expect(lines.take([sample(5, 1)])[0]?.newest).toBeUndefined()
    expect(lines.take([sample(6, 2)])[0]?.newest).toEqual({ time: 6, value: 2 })
    expect(lines.take([sample(6, 3)])[0]).toMatchObject({ newest: { time: 6, value: 3 }, points: at([5, 1], [6, 3]) })
    expect(lines.take([sample(4, 3)])[0]?.newest).toBeUndefined()
    expect([lines.count('bid'), lines.count('ask')]).toEqual([3, 0])
  })

  test('are asked for in windows that touch, the newest first', () => {
    const windows = windowsBefore(1_000_000)
    expect(windows[0]).toEqual({ fromMs: 990_000, toMs: 1_000_000 })
    for (const [index, { toMs }] of windows.slice(1).entries()) expect(toMs).toBe(windows[index]?.fromMs)
    expect(windows.at(-1)?.fromMs).toBe(700_000)
  })
})

describe('gaps on the page', () => {
  test('of a session and reason that overlap are one event with all its symbols', () => {
    const rows = [row({ symbol: 'C-D', fromMs: 15, toMs: 30 }), row({}), row({ symbol: 'E-F', fromMs: 31, toMs: 40 })]
    expect(lossesOf(rows).map(({ fromMs, toMs, symbols }) => [fromMs, toMs, symbols])).toEqual([
      [31, 40, ['E-F']],
      [10, 30, ['A-B', 'C-D']],
    ])
  })

  test('of other exchanges, sessions or reasons stay apart', () => {
    const changes = [{}, { exchange: 'gate' }, { session: '2' }, { reason: 'STALL' }]
    expect(lossesOf(changes.map(row))).toHaveLength(4)
  })

  test('that were filled in part say so', () => {
    const filled = (...flags: readonly boolean[]) => lossesOf(flags.map((backfilled) => row({ backfilled })))[0]?.filled
    expect([filled(true, true), filled(true, false), filled(false)]).toEqual(['yes', 'in part', 'no'])
  })

  test('are the moment of connecting for START, and nothing for WITHDRAWN', () => {
    const start = (fromMs: number) => row({ reason: 'START', symbol: undefined, fromMs, toMs: 50 })
    expect(lossesOf([start(1), start(40), row({ reason: 'WITHDRAWN' })])).toEqual([
      { exchange: 'kraken', reason: 'START', fromMs: 50, toMs: 50, symbols: [], filled: 'no' },
    ])
  })

  test('that are lost connections tell why: by the last ending of that exchange around them', () => {
    const losses = lossesOf([row({ fromMs: 10_000, toMs: 20_000 }), row({ reason: 'STALL', session: '2' })])
    const endings = [
      { exchange: 'kraken', timeMs: 7000, message: 'long before' },
      { exchange: 'kraken', timeMs: 12_000, message: 'closed with 1001' },
      { exchange: 'gate', timeMs: 13_000, message: 'another one' },
    ]
    expect(withCauses(losses, endings).map(({ reason, cause }) => [reason, cause])).toEqual([
      ['DISCONNECT', 'closed with 1001'],
      ['STALL', undefined],
    ])
  })

  test('lie on the axis in percent, cut at its ends', () => {
    expect(placeOf({ fromMs: 150, toMs: 175 }, 100, 200)).toEqual({ left: 50, width: 25 })
    expect(placeOf({ fromMs: 0, toMs: 125 }, 100, 200)).toEqual({ left: 0, width: 25 })
    expect(placeOf({ fromMs: 0, toMs: 99 }, 100, 200)).toBeUndefined()
  })
})

describe('addresses', () => {
  test.each([
    ['?symbol=BTC-USDT', { view: 'symbol', symbol: 'BTC-USDT' }],
    ['?symbol=btc-usdt-perp', { view: 'symbol', symbol: 'BTC-USDT-PERP' }],
    ['', { view: 'overview' }],
    ['?symbol=', { view: 'overview' }],
    ['?symbol=<b>', { view: 'overview' }],
  ])('%s is a place', (search, place) => expect(placeOfAddress(search)).toEqual(place))

  test('lead back to their place', () => {
    const place = { view: 'symbol', symbol: 'BTC-USDT' } as const
    expect(placeOfAddress(addressOf(place).slice(1))).toEqual(place)
  })
})

test('delays between attempts to connect grow, differ, and end at 15 s', () => {
  expect([0, 1, 5, 20].map((attempt) => retryDelayMs(attempt, 1))).toEqual([750, 1250, 15_250, 15_250])
  expect(retryDelayMs(20, 0)).toBe(250)
})

describe('candles', () => {
  test('are read by their starts; what is no candle is left out', () => {
    const sent = { openTime: '2026-11-20T10:15:00.000000Z', open: '1', high: '4', low: '0.5', close: '3', volume: '12' }
    expect(readBars({ candles: [sent, { ...sent, close: undefined }] })).toEqual([
      { time: 1_795_169_700, open: 1, high: 4, low: 0.5, close: 3, volume: 12 },
    ])
  })

  test('are three hundred, but of a month at most', () => {
    expect(barsSince('1m', 100_000_000)).toBe(100_000_000 - 300 * 60_000)
    expect(barsSince('1d', 1e13)).toBe(1e13 - 31 * 86_400_000)
  })
})
