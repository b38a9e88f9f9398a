import { describe, expect, test } from 'vitest'
import { fold } from '../../../core/processor.ts'
import { MICROS_PER_MILLI } from '../../../core/time.ts'
import { GAP_BPS } from '../../../dev/simulator/gaps.ts'
import { MANNERS } from '../../../dev/simulator/manners.ts'
import { STEP_MICROS } from '../../../dev/simulator/prices.ts'
import { simulate, type Simulated } from '../../support/simulated-log.ts'
import { FREE, free } from './cross-exchange/rig.ts'
import { MARKET } from './run.ts'

const exchanges = { binance: free(), okx: free(), kraken: free(), coinbase: free() }
/** What the journal calls a gap: before fees, of any profit, and over as soon as it is less. */
const JOURNAL = { ...FREE, exchanges, openBps: GAP_BPS, closeBps: GAP_BPS, minProfit: 0, currencies: {} }
const HOLD = JOURNAL.minHoldMs * MICROS_PER_MILLI
/** By how much our receipt is after the exchange's time: what the network needs at most, and a step of the model. */
const LATENCY = 1.4 * Math.max(...Object.values(MANNERS).map(({ lagMicros }) => lagMicros)) + STEP_MICROS

type Legs = readonly { readonly side: string; readonly exchange: string; readonly symbol: string }[]
const route = (legs: Legs): string =>
  legs.map(({ side, exchange, symbol }) => `${side} ${exchange} ${symbol}`).join(', ')
const isPlain = (legs: Legs): boolean => legs[0]?.symbol === legs[1]?.symbol

const detect = ({ log }: Simulated) =>
  fold(MARKET, log).outputs.flatMap(({ value }) => (value.kind === 'opportunity' ? [value.opportunity] : []))

describe("the simulator's journal", { timeout: 60_000 }, () => {
  // Nothing is converted: the journal's arithmetic and ours are of the same four prices. Seeds in which no gap trembles about
  // the threshold: the journal looks at the end of each step, we at each quote (of seed 5 we find two gaps in pieces).
  test.each([1, 3, 8])('has each gap that outlasts the hold, to the moment, and no other (seed %i)', (seed) => {
    const world = simulate({ seed, seconds: 45, document: { ...JOURNAL, conversions: [] }, hasFate: true })
    const found = detect(world)
    const lasting = world.gaps.filter(
      ({ gap, seenAt, overAt = Infinity }) => isPlain(gap.legs) && overAt - seenAt > HOLD,
    )
    const opened = found.filter(({ phase }) => phase === 'OPEN')
    expect(lasting.length).toBeGreaterThan(7)
    expect(opened.map(({ legs, at }) => `${at - HOLD} ${route(legs)}`).toSorted()).toEqual(
      lasting.map(({ gap, seenAt }) => `${seenAt} ${route(gap.legs)}`).toSorted(),
    )
    const closed = found.filter(({ phase }) => phase === 'CLOSE')
    const over = lasting.flatMap(({ gap, overAt }) => (overAt === undefined ? [] : [`${overAt} ${route(gap.legs)}`]))
    expect(closed.map(({ legs, at }) => `${at} ${route(legs)}`).toSorted()).toEqual(over.toSorted())
    expect(new Set(closed.map(({ reason }) => reason))).toEqual(new Set(['edge']))
    // In the exchanges' own time: receipt is later by the latency, never earlier.
    for (const { gap, seenAt, closeAt, overAt } of lasting) {
      expect(seenAt - gap.openAt).toBeGreaterThanOrEqual(0)
      expect(seenAt - gap.openAt).toBeLessThanOrEqual(LATENCY)
      if (closeAt === undefined || overAt === undefined) continue
      expect(overAt - closeAt).toBeLessThanOrEqual(LATENCY)
    }
  })

  test('has nothing while it is calm, nor have we, whatever is converted', () => {
    const world = simulate({ seed: 3, seconds: 45, document: JOURNAL })
    expect(world.gaps).toEqual([])
    expect(detect(world)).toEqual([])
  })

  test('has what is ordered, which we find after fees, across dollars of two kinds as well', () => {
    const fees = Object.fromEntries(Object.keys(exchanges).map((name) => [name, free({ takerFeeBps: 10 })]))
    const document = { ...JOURNAL, exchanges: fees, openBps: 8, closeBps: 3 }
    const order = { do: 'price-gap', exchange: 'kraken', symbol: 'BTC-USD', bps: 150, forMs: 3000 } as const
    const world = simulate({ seed: 5, seconds: 20, document, orders: [{ atMs: 8000, order }] })
    const found = detect(world)
    const opened = found.filter(({ phase }) => phase === 'OPEN').map(({ legs }) => route(legs))
    // Kraken is 150 bps too dear: all others sell to it, two of them for USDT.
    expect(opened.toSorted()).toEqual([
      'BUY binance BTC-USDT, SELL kraken BTC-USD',
      'BUY coinbase BTC-USD, SELL kraken BTC-USD',
      'BUY okx BTC-USDT, SELL kraken BTC-USD',
    ])
    for (const { phase, at, legs } of found.filter((one) => one.phase !== 'UPDATE')) {
      const told = world.gaps.filter(({ gap }) => route(gap.legs) === route(legs))
      expect(told).toHaveLength(1)
      // A gap of 150 bps comes and goes with one quote each: 20 bps before and 3 or 8 after fees are passed at once.
      const moment = phase === 'OPEN' ? (told[0]?.seenAt ?? 0) + HOLD : told[0]?.overAt
      expect(at).toBe(moment)
    }
    expect(found.filter(({ phase }) => phase === 'CLOSE')).toHaveLength(3)
  })

  test("and its silence is the market's, not ours: without fees and from -30 bps on every route is open nearly always", () => {
    const seconds = 12
    const document = { ...JOURNAL, openBps: -30, closeBps: -40, minProfit: -1e9 }
    const found = detect(simulate({ seed: 3, seconds, document }))
    // BTC and ETH in dollars of two kinds, ETH-BTC: four exchanges, each with three others. USDT-USD: two of them.
    const opened = found.filter(({ phase }) => phase === 'OPEN')
    expect(new Set(opened.map(({ legs }) => route(legs))).size).toBe(3 * 4 * 3 + 2)
    const closed = found.filter(({ phase }) => phase === 'CLOSE').length
    expect(closed).toBeLessThan(opened.length / 10)
    const last = Math.max(...found.map(({ at }) => at))
    const first = Math.min(...opened.map(({ at }) => at))
    expect(last - first).toBeGreaterThan((seconds - 3) * 1_000_000)
  })
})
