import { describe, expect, test } from 'vitest'
import { judge, type Group, type Price, type Quarantine } from '../../producers/quarantine.ts'

const SECOND = 1_000_000
type Prices = Readonly<Record<string, number>>
const groupOf = (prices: Prices, time: number): Group => ({
  name: 'BTC',
  prices: Object.entries(prices).map(([exchange, price]): Price => ({ exchange, symbol: 'BTC-USD', price, time })),
})

/** A court that sits each second; `hears` gives what is quoted at that second, all of it fresh. */
function court() {
  const state: Quarantine = new Map()
  let second = 0
  const hear = (seconds: number, pricesAt: (passed: number) => Prices): readonly string[] => {
    const said: string[] = []
    for (let passed = 0; passed < seconds; passed++, second++) {
      const time = second * SECOND
      for (const one of judge(state, [groupOf(pricesAt(passed), time)], time))
        said.push(`${one.exchange} ${one.isQuarantined ? 'in' : 'out'} after ${passed} s`)
    }
    return said
  }
  return { state, hear }
}
const even: Prices = { a: 100, b: 101, c: 99.5, d: 100.2 }

describe('the price quarantine', () => {
  test('takes another coin of the same ticker at once, and no one else', () => {
    const { hear } = court()
    expect(hear(120, () => ({ a: 100, b: 101, c: 3 }))).toEqual(['c in after 0 s'])
    expect(court().hear(120, () => ({ a: 100, b: 101, c: 300 }))).toEqual(['c in after 0 s'])
  })

  test('does not judge without two other exchanges', () => {
    expect(court().hear(120, () => ({ a: 100, b: 3 }))).toEqual([])
  })

  test('leaves alone what is 20 % off or less', () => {
    expect(court().hear(120, () => ({ a: 100, b: 100, c: 81, d: 119 }))).toEqual([])
  })

  test('leaves a move of the whole market alone, though one exchange goes first', () => {
    const { hear } = court()
    hear(60, () => even)
    expect(hear(120, (passed) => ({ a: 60, b: passed < 5 ? 101 : 61, c: passed < 10 ? 99 : 59.8 }))).toEqual([])
  })

  test('leaves a first mover alone whose others are quiet: an old price accuses nobody', () => {
    const { state, hear } = court()
    hear(60, () => even)
    const quiet = 59 * SECOND
    for (let second = 60; second < 240; second++) {
      const time = second * SECOND
      const prices = [...groupOf({ b: 101, c: 99.5, d: 100 }, quiet).prices, ...groupOf({ a: 60 }, time).prices]
      expect(judge(state, [{ name: 'BTC', prices }], time)).toEqual([])
    }
  })

  test('takes a symbol that was in line once it has deviated for half a minute, while others kept quoting', () => {
    const { hear } = court()
    hear(60, () => even)
    expect(hear(60, () => ({ ...even, a: 70 }))).toEqual(['a in after 30 s'])
  })

  test('counts half a minute anew after each return', () => {
    const { hear } = court()
    hear(60, () => even)
    expect(hear(120, (passed) => (passed % 25 === 24 ? even : { ...even, a: 70 }))).toEqual([])
  })

  test('releases after ten minutes in line without a break, and not before', () => {
    const { hear } = court()
    hear(60, () => ({ ...even, a: 3 }))
    expect(hear(599, () => even)).toEqual([])
    expect(hear(1, () => ({ ...even, a: 85 }))).toEqual([])
    expect(hear(900, () => even)).toEqual(['a out after 600 s'])
  })

  test.each([
    ['it says nothing', (): Prices => ({ b: 101, c: 99.5, d: 100.2 })],
    ['there are too few others to tell', (): Prices => ({ a: 100, b: 101 })],
    ['nobody says anything', (): Prices => ({})],
  ])('does not count as in line the time in which %s', (_, silence) => {
    const { hear } = court()
    hear(60, () => ({ ...even, a: 3 }))
    hear(300, () => even)
    hear(31, silence)
    expect(hear(700, () => even)).toEqual(['a out after 600 s'])
  })

  test('does not count as in line the time in which its newest price is an old one', () => {
    const { state, hear } = court()
    hear(60, () => ({ ...even, a: 3 }))
    hear(300, () => even)
    const spoken = 359 * SECOND
    for (let second = 360; second < 400; second++) {
      const time = second * SECOND
      const { a: _, ...others } = even
      const prices = [...groupOf(others, time).prices, ...groupOf({ a: 100 }, spoken).prices]
      expect(judge(state, [{ name: 'BTC', prices }], time)).toEqual([])
    }
    const said: number[] = []
    for (let second = 400; second < 1100; second++)
      if (judge(state, [groupOf(even, second * SECOND)], second * SECOND).length > 0) said.push(second)
    expect(said).toEqual([1000])
  })

  test('counts as in line the pauses of a symbol that is seldom quoted', () => {
    const { hear } = court()
    hear(60, () => ({ ...even, a: 3 }))
    const { a, ...others } = even
    const seldom = (passed: number): Prices => (passed % 20 === 0 ? { a: a ?? 0, ...others } : others)
    expect(hear(700, seldom)).toEqual(['a out after 600 s'])
  })

  test('takes one again that was released, and for as long', () => {
    const { hear } = court()
    hear(60, () => ({ ...even, a: 3 }))
    hear(700, () => even)
    expect(hear(60, () => ({ ...even, a: 3 }))).toEqual(['a in after 30 s'])
    expect(hear(599, () => even)).toEqual([])
    expect(hear(3, () => even)).toEqual(['a out after 1 s'])
  })

  test('is not released on the edge, where it would be taken again', () => {
    const { hear } = court()
    hear(60, () => ({ ...even, a: 3 }))
    expect(hear(900, () => ({ ...even, a: 88 }))).toEqual([])
  })

  test('does not count one in quarantine among the witnesses', () => {
    const { hear } = court()
    expect(hear(60, () => ({ a: 100, b: 100, c: 3 }))).toEqual(['c in after 0 s'])
    expect(hear(60, () => ({ a: 100, b: 100, c: 3 }))).toEqual([])
  })

  test('finds two wrong coins among five exchanges', () => {
    const said = court().hear(1, () => ({ ...even, e: 3, f: 900 }))
    expect(said.toSorted()).toEqual(['e in after 0 s', 'f in after 0 s'])
  })

  test('decides the same whatever the order of the exchanges', () => {
    const prices = groupOf({ a: 100, b: 101, c: 3, d: 500, e: 99 }, 0).prices
    const taken = (order: readonly Price[]) =>
      judge(new Map(), [{ name: 'BTC', prices: order }], 0)
        .map(({ exchange }) => exchange)
        .toSorted()
    expect(taken(prices)).toEqual(['c', 'd'])
    expect(taken(prices.toReversed())).toEqual(['c', 'd'])
  })
})
