import type { FeeIn } from '../opportunity.ts'

/**
 * How a leg is charged. An inverse symbol is B-A where the opportunity is in A: its quote is turned, and buying A there sells
 * B. Arithmetic is in double and in the order written in arbitrage.md section 2: other orders give other bits.
 */
export type FeeLaw = {
  /** Taker fee as a fraction. */
  readonly fee: number
  readonly feeIn: FeeIn
  readonly isInverse: boolean
}

/** The fraction that so many basis points are. */
export const fractionOf = (bps: number): number => bps / 10_000

/** What one base costs at this ask; `rate` is numeraire per unit of the quote asset (buying: the unfavourable side). */
export const costOf = (ask: number, rate: number, { fee, feeIn, isInverse }: FeeLaw): number =>
  isInverse || feeIn === 'base' ? (ask * rate) / (1 - fee) : ask * rate * (1 + fee)

/** What one base yields at this bid. */
export const proceedsOf = (bid: number, rate: number, { fee, feeIn, isInverse }: FeeLaw): number =>
  isInverse && feeIn === 'quote' ? (bid * rate) / (1 + fee) : bid * rate * (1 - fee)

/** How much base a buyer of so much has in the end: a fee may be taken from it. */
export const boughtOf = (askSize: number, { fee, feeIn, isInverse }: FeeLaw): number =>
  isInverse || feeIn === 'base' ? askSize * (1 - fee) : askSize

/** Before fees, by converted prices. */
export const grossBpsOf = (ask: number, bid: number): number => (10_000 * (bid - ask)) / ask

/** After fees: what is left of the proceeds, in basis points of the cost. */
export const edgeBpsOf = (cost: number, proceeds: number): number => (10_000 * (proceeds - cost)) / cost

/** The greatest multiple of a lot not above `x`, as the double nearest to it; lot 0: `x` itself. */
export function floorLot(x: number, lot: number): number {
  if (lot === 0) return x
  const d = 1 / lot
  const k = Math.floor(x * d)
  // The product may have been rounded over a whole number, either way.
  if ((k + 1) / d <= x) return (k + 1) / d
  return k / d > x ? (k - 1) / d : k / d
}

/** Top of a book; a size that is not given is `undefined`. */
export type Top = {
  readonly bid: number
  readonly bidSize: number | undefined
  readonly ask: number
  readonly askSize: number | undefined
}

/** The quote of B-A as one of A-B. */
export const turned = ({ bid, bidSize, ask, askSize }: Top): Top => ({
  bid: 1 / ask,
  bidSize: askSize === undefined ? undefined : askSize * ask,
  ask: 1 / bid,
  askSize: bidSize === undefined ? undefined : bidSize * bid,
})
