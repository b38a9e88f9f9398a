import type { Price } from './messages.ts'

export type Side = 'bid' | 'ask'

/** A price in the order; without a rank it takes no part in it: down, withdrawn or without a quote. */
export type Ranked = {
  readonly price: Price
  readonly rank: number | undefined
  /** How much worse than the best, in hundredths of a percent of it. */
  readonly behindBps: number | undefined
}

const valueOf = (price: Price, side: Side): number =>
  price.state === 'up' ? Number(price[side] ?? Number.NaN) : Number.NaN
const byName = (a: Price, b: Price): number => (a.exchange < b.exchange ? -1 : a.exchange > b.exchange ? 1 : 0)

/** The highest bid or the lowest ask first; equal ones share a rank and stand by name; those out of it last. */
export function orderByPrice(prices: readonly Price[], side: Side): readonly Ranked[] {
  const sign = side === 'bid' ? -1 : 1
  const quoted = prices
    .filter((price) => Number.isFinite(valueOf(price, side)))
    .toSorted((a, b) => sign * (valueOf(a, side) - valueOf(b, side)) || byName(a, b))
  const values = quoted.map((price) => valueOf(price, side))
  const best = values[0] ?? Number.NaN
  const rest = prices.filter((price) => !quoted.includes(price)).toSorted(byName)
  return [
    ...quoted.map((price, index) => ({
      price,
      rank: values.indexOf(values[index] ?? Number.NaN) + 1,
      behindBps: (Math.abs((values[index] ?? best) - best) / best) * 10_000,
    })),
    ...rest.map((price) => ({ price, rank: undefined, behindBps: undefined })),
  ]
}

/** Best bid and ask over exchanges, and what is between them: negative where they cross. */
export type Best = {
  readonly bid: Price | undefined
  readonly ask: Price | undefined
  readonly spreadBps: number | undefined
}

export function bestOf(prices: readonly Price[]): Best {
  const [bid, ask] = (['bid', 'ask'] as const).map(
    (side) => orderByPrice(prices, side).find(({ rank }) => rank === 1)?.price,
  )
  const [low, high] = [Number(bid?.bid ?? Number.NaN), Number(ask?.ask ?? Number.NaN)]
  const spreadBps = ((high - low) / ((high + low) / 2)) * 10_000
  return { bid, ask, spreadBps: Number.isFinite(spreadBps) ? spreadBps : undefined }
}
