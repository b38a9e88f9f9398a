import { boughtOf, costOf, proceedsOf, type FeeLaw } from './edge.ts'

/** A price of a book and what stands there, in base units. */
export type Level = { readonly price: number; readonly size: number }

/** One side of a route: its levels from the touch on, its rate and how it is charged. */
export type Depth = { readonly levels: readonly Level[]; readonly rate: number; readonly law: FeeLaw }

/**
 * What a route yields beyond the touch: asks are walked up and bids down while a unit still gains; the sum of the steps is
 * the greatest profit. O(levels).
 */
export function walkDepth(
  buy: Depth,
  sell: Depth,
): { readonly size: number; readonly profit: number; readonly steps: number } {
  let size = 0
  let profit = 0
  let steps = 0
  let ask = buy.levels[0]
  let bid = sell.levels[0]
  let asked = ask === undefined ? 0 : boughtOf(ask.size, buy.law)
  let wanted = bid?.size ?? 0
  for (let i = 0, j = 0; ask !== undefined && bid !== undefined;) {
    const gain = proceedsOf(bid.price, sell.rate, sell.law) - costOf(ask.price, buy.rate, buy.law)
    if (gain <= 0) break
    const step = Math.min(asked, wanted)
    size += step
    profit += step * gain
    steps += 1
    asked -= step
    wanted -= step
    if (asked === 0) {
      ask = buy.levels[++i]
      asked = ask === undefined ? 0 : boughtOf(ask.size, buy.law)
    }
    if (wanted === 0) {
      bid = sell.levels[++j]
      wanted = bid?.size ?? 0
    }
  }
  return { size, profit, steps }
}
