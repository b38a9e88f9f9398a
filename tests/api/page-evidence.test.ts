import { describe, expect, test } from 'vitest'
import { onGrid, stepOf, windowOf } from '../../api/page/evidence.ts'
import { addressOf, parentOf, placeOfAddress, type Place } from '../../api/page/place.ts'
import { amountText, nameOf, readSignalMessage, readSignals, routeOf } from '../../api/page/signals.ts'
import { signalOf } from '../../api/signal.ts'
import { leg, opportunity } from '../support/derived.ts'

describe('the window of an opportunity', () => {
  test('is its life and a quarter of it around, at least two seconds, at most twenty', () => {
    // 8 s of life, 2 s around: 12 s in 400 steps of 30 ms.
    expect(windowOf(90_000, 98_000)).toEqual({ fromMs: 87_990, toMs: 100_020, stepMs: 30 })
    const short = windowOf(10_000, 10_100)
    expect([short.fromMs, short.toMs]).toEqual([8000, 12_100])
    const long = windowOf(1_000_000, 1_600_000)
    expect(long.toMs - long.fromMs).toBeGreaterThanOrEqual(640_000)
    expect(long.toMs - long.fromMs).toBeLessThan(640_000 + 2 * long.stepMs)
  })

  test('holds at each step the newest value by then, none before the first', () => {
    const window = { fromMs: 0, toMs: 50, stepMs: 10 }
    const values = [
      { atMs: 31, value: 3 },
      { atMs: 10, value: 1 },
      { atMs: 29, value: 2 },
    ]
    expect(onGrid(values, window).map(({ value }) => value)).toEqual([undefined, 1, 1, 2, 3, 3])
    expect(stepOf(31, window)).toBe(40)
    expect(stepOf(99, window)).toBe(50)
  })
})

describe('a signal as the page reads it', () => {
  const sent = (change = {}): unknown => JSON.parse(JSON.stringify({ signals: [signalOf(opportunity(change))] }))

  test('is what the server sends', () => {
    const [signal] = readSignals(sent())
    expect(signal).toMatchObject({
      id: 'x:0:1:0',
      isOpen: true,
      openedAtMs: Date.parse('2026-11-20T10:15:00Z'),
      edgeBps: 10,
      legs: [{ exchange: 'binance', side: 'BUY', price: '100', offset: 7 }, { exchange: 'kraken' }],
    })
    expect(signal === undefined ? '' : routeOf(signal)).toBe('binance BTC-USDT → kraken BTC-USD')
    expect(signal === undefined ? '' : nameOf(signal)).toBe('BTC')
    const [same] = readSignals(sent({ legs: [leg(), leg({ exchange: 'okx' })] }))
    expect(same === undefined ? '' : `${nameOf(same)} ${routeOf(same)}`).toBe('BTC-USDT binance → okx')
  })

  test('comes in messages of its own kind', () => {
    expect(readSignalMessage('{"type":"arbitrage_signal","snapshot":true,"signals":[]}')).toMatchObject({
      isState: true,
    })
    expect(readSignalMessage('{"type":"price_update","prices":[]}')).toBeUndefined()
  })

  test.each([
    ['0.87512345', 3, '0.875'],
    ['1234.5678', 4, '1,235'],
    ['0.0000001', 4, '0.0000001'],
    ['-2.5', 3, '-2.5'],
    [undefined, 3, '–'],
  ])('has amounts that can be read: %s to %i digits is %s', (text, digits, shown) => {
    expect(amountText(text, digits)).toBe(shown)
  })
})

test.each([
  ['/?view=opportunities', { view: 'opportunities' }, { view: 'overview' }],
  ['/?signal=x:0:12:3', { view: 'signal', id: 'x:0:12:3' }, { view: 'opportunities' }],
] as const)('%s is an address, and Escape leads one step up', (address, place: Place, parent) => {
  expect(placeOfAddress(address.slice(1))).toEqual(place)
  expect(addressOf(place)).toBe(address)
  expect(parentOf(place)).toEqual(parent)
  expect(placeOfAddress('?signal=<x>')).toEqual({ view: 'overview' })
})
