import { describe, expect, test } from 'vitest'
import { arrivals } from '../../../core/arrivals.ts'
import { pipe } from '../../../core/pipe.ts'
import { bestQuotes } from '../../../processors/market/best-quotes.ts'
import { quality } from '../../../processors/market/quality.ts'
import { runStage } from '../../support/run-stage.ts'
import { at, beat, logOf, missing, quoted, type Row } from './cross-exchange/rig.ts'

const STAGE = pipe(arrivals, pipe(quality, bestQuotes))
const beats = (millis: number): readonly Row[] => [beat(millis, 'binance'), beat(millis, 'kraken')]

/** What was told: milliseconds, symbol if not BTC-USDT, best bid and best ask. */
const told = (...rows: readonly Row[]): readonly string[] =>
  runStage(STAGE, logOf(rows)).events.flatMap((event) => {
    if (event.kind !== 'best') return []
    const { symbol, at: when, bid, ask } = event.best
    const side = (one: typeof bid): string =>
      one === undefined ? '-' : `${one.exchange} ${one.price}x${one.size ?? '?'}`
    return [`${(when - at(0)) / 1000}${symbol === 'BTC-USDT' ? '' : ` ${symbol}`}: ${side(bid)} / ${side(ask)}`]
  })

const binance = (millis: number, bid: number, ask: number, where = {}): Row =>
  quoted(millis, 'binance', { bid, ask }, where)
const kraken = (millis: number, bid: number, ask: number, where = {}): Row =>
  quoted(millis, 'kraken', { bid, ask }, where)

describe('best quotes', () => {
  test('are the highest bid and the lowest ask of all exchanges, told when one changes', () => {
    expect(
      told(...beats(0), binance(1, 100, 102), kraken(2, 99, 101), kraken(3, 98, 101), kraken(4, 101, 103)),
    ).toEqual([
      '1: binance 100x1 / binance 102x1',
      '2: binance 100x1 / kraken 101x1',
      '4: kraken 101x1 / binance 102x1',
    ])
  })

  test('are told again when only the size changes, and unsized ones count', () => {
    expect(
      told(...beats(0), binance(1, 100, 102), quoted(2, 'binance', { bid: 100, bidSize: undefined, ask: 102 })),
    ).toEqual(['1: binance 100x1 / binance 102x1', '2: binance 100x? / binance 102x1'])
  })

  test('of equal prices are the first exchange by name, whoever came first', () => {
    expect(told(...beats(0), kraken(1, 100, 102), binance(2, 100, 102), kraken(3, 100, 102))).toEqual([
      '1: kraken 100x1 / kraken 102x1',
      '2: binance 100x1 / binance 102x1',
    ])
  })

  test('fall to the next when the best grows too old, at that moment, before the record that shows it', () => {
    const rows = [...beats(0), binance(1, 100, 102), kraken(500, 99, 103), beat(1500, 'kraken'), beat(2600, 'kraken')]
    expect(told(...rows, binance(2600, 90, 110))).toEqual([
      '1: binance 100x1 / binance 102x1',
      '2001: kraken 99x1 / kraken 103x1',
    ])
  })

  test('are none when none holds', () => {
    expect(told(...beats(0), binance(1, 100, 102), beat(9000, 'gate'))).toEqual([
      '1: binance 100x1 / binance 102x1',
      '2001: - / -',
    ])
  })

  test.each<readonly [string, Row]>([
    ['a session that is down', beat(300, 'binance', { state: 'DOWN' })],
    ['a gap', missing(300, 'binance')],
    ['a gap of the symbol', missing(300, 'binance', {}, { symbol: 'BTC-USDT' })],
    ['a crossed quote', binance(300, 102, 101)],
  ])('leave out %s', (_name, row) => {
    expect(told(...beats(0), binance(1, 100, 102), kraken(2, 99, 103), row).at(-1)).toBe(
      '300: kraken 99x1 / kraken 103x1',
    )
  })

  test('come back when the session is confirmed again, symbol by symbol in their order', () => {
    const eth = { symbol: 'ETH-USDT' }
    const rows = [...beats(0), binance(1, 7, 8, eth), binance(1, 100, 102), beat(2500, 'gate'), beat(2600, 'binance')]
    expect(told(...rows)).toEqual([
      '1 ETH-USDT: binance 7x1 / binance 8x1',
      '1: binance 100x1 / binance 102x1',
      '2001: - / -',
      '2001 ETH-USDT: - / -',
      '2600: binance 100x1 / binance 102x1',
      '2600 ETH-USDT: binance 7x1 / binance 8x1',
    ])
  })

  test('of a session that said DOWN come back with new quotes only', () => {
    const rows = [...beats(0), binance(1, 100, 102), beat(300, 'binance', { state: 'DOWN' }), beat(400, 'binance')]
    expect(told(...rows, binance(500, 100, 102))).toEqual([
      '1: binance 100x1 / binance 102x1',
      '300: - / -',
      '500: binance 100x1 / binance 102x1',
    ])
  })

  test('say how old they are', () => {
    const { events } = runStage(STAGE, logOf([...beats(0), binance(1, 100, 102), kraken(251, 99, 101)]))
    const last = events.flatMap((event) => (event.kind === 'best' ? [event.best] : [])).at(-1)
    expect([last?.bid?.ageMs, last?.ask?.ageMs]).toEqual([250, 0])
  })
})
