import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SimulatedTrade } from '../../dev/simulator/book.ts'
import { PAST } from '../../dev/simulator/rest/table.ts'
import { EXCHANGES, type Exchange, type Gap } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import { parseJson, type Adapter } from '../../producers/adapter.ts'
import { ADAPTERS } from '../../producers/adapters.ts'
import type { Backfill, Page, PastTrade } from '../../producers/backfill.ts'
import { isProven, isWhole, missingOf, NOTHING_FETCHED, wantOf, withPage } from '../../producers/backfill-plan.ts'
import { MOMENT, gap } from '../support/ticks.ts'

const NATIVE: Readonly<Record<Exchange, string>> = {
  binance: 'BTCUSDT',
  coinbase: 'BTC-USD',
  kraken: 'DOGE/USD',
  okx: 'BTC-USDT',
  gate: 'BTC_USDT',
}

/** Trades with ids from `firstId` on, `apart` microseconds from one to the next. */
const tradesOf = (firstId: number, apart: readonly number[]): readonly SimulatedTrade[] => {
  let time = MOMENT - apart.reduce((sum, one) => sum + one, 0)
  return apart.map((one, index) => {
    time += one
    // Prices differ, so that no two are fills of one order.
    const price = `${91_000 + (index % 7)}.5`
    const id = firstId + index
    return {
      id,
      first: id,
      last: id,
      price,
      size: '0.013',
      side: index % 2 === 0 ? 'BUY' : 'SELL',
      eventTime: micros(time),
    }
  })
}

/** What a process does, with the simulator's REST in place of the exchange's. */
function backfilled(
  exchange: Exchange,
  past: readonly SimulatedTrade[],
  missed: Gap,
  known: ReadonlyMap<number, Micros>,
): { readonly written: readonly PastTrade[]; readonly whole: boolean; readonly requests: number } {
  const adapter: Adapter = ADAPTERS[exchange]
  const spec = adapter.backfill
  if (spec === undefined) throw new Error(`${exchange} has no backfill`)
  const want = wantOf(NATIVE[exchange], missed, known)
  let fetched = NOTHING_FETCHED
  let last: Page | undefined
  let requests = 0
  while (fetched.state === 'open') {
    const request = spec.request(want, last, requests)
    if (request === undefined) break
    last = spec.parse(parseJson(adapter, answer(exchange, past, request)))
    requests++
    fetched = withPage(spec, want, fetched, last, requests, micros(MOMENT + 60_000_000))
  }
  const written = missingOf(spec, want, fetched, known)
  const after = new Map([...known, ...written.map((one): [number, Micros] => [one.sequence, one.eventTime])])
  return { written, whole: isWhole(spec, want, fetched, after), requests }
}

function answer(
  exchange: Exchange,
  past: readonly SimulatedTrade[],
  { url, headers = {} }: NonNullable<ReturnType<Backfill['request']>>,
): string {
  const { pathname, searchParams } = new URL(url)
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const request = { path: pathname, query: searchParams, headers: lower }
  const symbol = PAST[exchange].symbolOf(request)
  expect(symbol).toBe(NATIVE[exchange])
  return PAST[exchange].answer(symbol ?? '', past, request).body
}

const marks = (trades: readonly SimulatedTrade[]): ReadonlyMap<number, Micros> =>
  new Map(trades.map(({ id, eventTime }) => [id, eventTime]))

const scene = fc
  .record({
    firstId: fc.integer({ min: 1, max: 1e9 }),
    apart: fc.array(fc.integer({ min: 1000, max: 900_000 }), { minLength: 12, maxLength: 120 }),
    from: fc.double({ min: 0.2, max: 0.6, noNaN: true }),
    length: fc.double({ min: 0, max: 0.3, noNaN: true }),
    /** Of the trades in the gap, which the log has all the same. */
    kept: fc.array(fc.boolean(), { minLength: 120, maxLength: 120 }),
    forgotten: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ firstId, apart, from, length, kept, forgotten }) => {
    const trades = tradesOf(firstId, apart)
    const first = Math.floor(from * trades.length)
    const end = Math.max(first + 1, Math.floor((from + length) * trades.length))
    // The last trade before the gap begins it, the first one after ends it.
    const bounds = { from: trades[first - 1]?.eventTime ?? MOMENT, to: trades[end]?.eventTime ?? MOMENT }
    const known = trades.filter((_, index) => index < first || index >= end || kept[index] === true)
    return { trades, first, end, bounds, known, forgotten: Math.floor(forgotten * trades.length) }
  })

describe.each(EXCHANGES)('backfill of %s', (exchange) => {
  test('writes exactly what the log has not, with the times of the stream, and calls the gap whole', () => {
    fc.assert(
      fc.property(scene, ({ trades, bounds, known }) => {
        const missing = trades.filter((one) => !known.includes(one))
        const { written, whole } = backfilled(exchange, trades, gap(bounds), marks(known))
        expect(written.map(({ sequence }) => sequence)).toEqual(missing.map(({ id }) => id))
        expect(written.map(({ payload }) => [payload.price, payload.size, payload.side])).toEqual(
          missing.map(({ price, size, side }) => [Number(price), Number(size), side]),
        )
        // OKX has no more than milliseconds anywhere.
        const unit = exchange === 'okx' ? 1000 : 1
        expect(written.map(({ eventTime }) => eventTime)).toEqual(
          missing.map(({ eventTime }) => Math.floor(eventTime / unit) * unit),
        )
        expect(whole).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('writes what REST still has of a gap and never calls it whole while a trade is missing', () => {
    fc.assert(
      fc.property(scene, ({ trades, bounds, known, forgotten }) => {
        const missing = trades.filter((one) => !known.includes(one))
        const { written, whole } = backfilled(exchange, trades.slice(forgotten), gap(bounds), marks(known))
        const there = missing.filter(({ id }) => id >= (trades[0]?.id ?? 0) + forgotten)
        expect(written.map(({ sequence }) => sequence)).toEqual(there.map(({ id }) => id))
        expect(whole && there.length < missing.length).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  test('goes through page after page, and none twice', () => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 4500 }, () => 1500),
    )
    const known = trades.filter((_, index) => index < 400 || index > 4400)
    const bounds = { from: trades[399]?.eventTime ?? MOMENT, to: trades[4401]?.eventTime ?? MOMENT }
    const { written, whole, requests } = backfilled(exchange, trades, gap(bounds), marks(known))
    expect(written.map(({ sequence }) => sequence)).toEqual(
      trades.filter((one) => !known.includes(one)).map(({ id }) => id),
    )
    // Coinbase's pages overlap by the seconds that they share.
    expect({ whole, requests }).toEqual({
      whole: true,
      requests: exchange === 'okx' ? 41 : exchange === 'coinbase' ? 6 : 5,
    })
  })

  test('reads to the present where no trade has come since', () => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 100_000),
    )
    const known = trades.slice(0, 30)
    const bounds = { from: trades[29]?.eventTime ?? MOMENT, to: micros(MOMENT + 1) }
    const { written, whole } = backfilled(exchange, trades, gap(bounds), marks(known))
    expect({ ids: written.map(({ sequence }) => sequence), whole }).toEqual({
      ids: trades.slice(30).map(({ id }) => id),
      whole: true,
    })
  })

  test('without a known trade from before it begins by time, and older trades prove the beginning', () => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 1_500_000),
    )
    const bounds = { from: micros((trades[29]?.eventTime ?? MOMENT) + 1), to: micros(MOMENT + 1) }
    const found = (past: readonly SimulatedTrade[]) => {
      const { written, whole } = backfilled(exchange, past, gap(bounds), new Map())
      return { ids: written.map(({ sequence }) => sequence), whole }
    }
    expect(found(trades)).toEqual({ ids: trades.slice(30).map(({ id }) => id), whole: true })
    expect(found(trades.slice(30)).whole).toBe(false)
  })

  test('a hole in what REST tells is seen where numbers have none', () => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 100_000),
    )
    const bounds = { from: trades[29]?.eventTime ?? MOMENT, to: trades[44]?.eventTime ?? MOMENT }
    const known = [...trades.slice(0, 30), ...trades.slice(46)]
    const { whole } = backfilled(exchange, trades.toSpliced(35, 1), gap(bounds), marks(known))
    expect(whole).toBe(exchange === 'okx' || exchange === 'gate')
  })

  test.each([
    ['late', 47, -20_000_000],
    ['ahead of its time', 20, 20_000_000],
  ])('a trade on the log that is %s hides nothing of the gap', (_, index, by) => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 100_000),
    )
    const bounds = { from: trades[29]?.eventTime ?? MOMENT, to: trades[39]?.eventTime ?? MOMENT }
    const known = new Map(marks([...trades.slice(0, 30), ...trades.slice(40)]))
    known.set(5000 + index, micros((trades[index]?.eventTime ?? MOMENT) + by))
    const { written, whole } = backfilled(exchange, trades, gap(bounds), known)
    expect(written.map(({ sequence }) => sequence)).toEqual(trades.slice(30, 40).map(({ id }) => id))
    expect(whole).toBe(true)
  })

  test('REST that lags behind the stream leaves the gap open', () => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 100_000),
    )
    const bounds = { from: trades[29]?.eventTime ?? MOMENT, to: trades[44]?.eventTime ?? MOMENT }
    const known = [...trades.slice(0, 30), ...trades.slice(45)]
    const { written, whole } = backfilled(exchange, trades.slice(0, 40), gap(bounds), marks(known))
    expect({ written: written.length, whole }).toEqual({ written: 10, whole: false })
  })

  test('a row that cannot be read leaves the gap open', () => {
    const trades = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 100_000),
    )
    const broken = trades.map((one) => (one.id === 5035 ? { ...one, price: '0' } : one))
    const bounds = { from: trades[29]?.eventTime ?? MOMENT, to: micros(MOMENT + 1) }
    const { written, whole } = backfilled(exchange, broken, gap(bounds), marks(trades.slice(0, 30)))
    expect({ written: written.length, whole }).toEqual({ written: 19, whole: false })
  })
})

describe.each(EXCHANGES)('numbers of %s that begin anew within a gap', (exchange) => {
  test('prove nothing, and the gap stays open', () => {
    const old = tradesOf(
      5000,
      Array.from({ length: 50 }, () => 100_000),
    )
    const [last] = old.slice(-1)
    const anew = Array.from({ length: 20 }, (_, index) => ({
      ...(last ?? old[0]),
      id: 1 + index,
      first: 1 + index,
      last: 1 + index,
      price: '91000.5',
      size: '0.013',
      side: 'BUY' as const,
      eventTime: micros(MOMENT + 1_000_000 + index * 100_000),
    }))
    // Of the old numbers the last five are missing, of the new ones the first five.
    const known = marks([...old.slice(0, 45), ...anew.slice(5)])
    const bounds = gap({ from: old[44]?.eventTime ?? MOMENT, to: anew[4]?.eventTime ?? MOMENT })
    const spec = ADAPTERS[exchange].backfill
    if (spec === undefined) throw new Error(exchange)
    expect(isProven(spec, wantOf(NATIVE[exchange], bounds, known), known)).toBe(false)
    expect(backfilled(exchange, [...anew, ...old], bounds, known).whole).toBe(false)
  })
})

describe('the plan', () => {
  const spec = (exchange: Exchange): Backfill => {
    const { backfill } = ADAPTERS[exchange]
    if (backfill === undefined) throw new Error(exchange)
    return backfill
  }

  test('proves by numbers alone that nothing is missing, where numbers have no holes', () => {
    const trades = tradesOf(
      100,
      Array.from({ length: 20 }, () => 100_000),
    )
    const missed = gap({ from: trades[5]?.eventTime ?? MOMENT, to: trades[15]?.eventTime ?? MOMENT })
    const proven = (exchange: Exchange, known: readonly SimulatedTrade[]) =>
      isProven(spec(exchange), wantOf('X', missed, marks(known)), marks(known))
    expect(proven('kraken', trades)).toBe(true)
    expect(proven('kraken', trades.toSpliced(9, 1))).toBe(false)
    expect(proven('gate', trades)).toBe(false)
  })

  test('a fill that stands on the log in its order’s last one is not written again', () => {
    const fill = (sequence: number, price: number): PastTrade => ({
      sequence,
      eventTime: micros(MOMENT + 500),
      payload: { kind: 'trade', id: String(sequence), side: 'BUY', price, size: 1 },
    })
    const fetched = {
      trades: [fill(1, 9), fill(2, 9), fill(3, 8), fill(4, 8), fill(5, 8)],
      unreadable: 0,
      state: 'ended',
    } as const
    const known = new Map([
      [0, MOMENT],
      [5, micros(MOMENT + 500)],
    ])
    const want = wantOf('X', gap({ from: MOMENT, to: micros(MOMENT + 500) }), known)
    expect(missingOf(spec('okx'), want, fetched, known).map(({ sequence }) => sequence)).toEqual([1, 2])
  })

  test('a trade of the same side and price is no fill of an order of another time', () => {
    const one = (sequence: number, after: number): PastTrade => ({
      sequence,
      eventTime: micros(MOMENT + after),
      payload: { kind: 'trade', id: String(sequence), side: 'BUY', price: 9, size: 1 },
    })
    const fetched = { trades: [one(1, 0), one(2, 400), one(3, 500)], unreadable: 0, state: 'ended' } as const
    const known = new Map([
      [1, MOMENT],
      [3, micros(MOMENT + 500)],
    ])
    const want = wantOf('X', gap({ from: MOMENT, to: micros(MOMENT + 499) }), known)
    expect(missingOf(spec('okx'), want, fetched, known).map(({ sequence }) => sequence)).toEqual([2])
  })

  test('does not believe a time that is still to come', () => {
    const backfill = spec('binance')
    const want = wantOf('BTCUSDT', gap(), new Map([[1, micros(MOMENT - 2_000_000)]]))
    const row = { a: 2, p: '1', q: '1', f: 1, l: 1, T: MOMENT + 11 * 60_000_000, m: true, M: true }
    const fetched = withPage(backfill, want, NOTHING_FETCHED, backfill.parse([row]), 1, MOMENT)
    expect({ trades: fetched.trades, unreadable: fetched.unreadable }).toEqual({ trades: [], unreadable: 1 })
  })
})
