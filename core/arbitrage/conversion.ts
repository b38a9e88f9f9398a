/** A symbol whose Rates turn one asset into another: the asset's own, or the other way round. */
export type Conversion = { readonly symbol: string; readonly isTurned: boolean }

/**
 * How an asset is valued in the numeraire: by one configured symbol, never over a third asset. `undefined`: it cannot be;
 * a stablecoin is never taken for what it is pegged to.
 */
export function conversionOf(asset: string, numeraire: string, conversions: readonly string[]): Conversion | undefined {
  for (const isTurned of [false, true]) {
    const symbol = isTurned ? `${numeraire}-${asset}` : `${asset}-${numeraire}`
    if (conversions.includes(symbol)) return { symbol, isTurned }
  }
  return undefined
}

/** Bid and ask of a conversion symbol, and the taker fee, as a fraction, of the exchange that gave them. */
export type RateTop = { readonly bid: number; readonly ask: number; readonly fee: number }

/** Numeraire paid for one unit of the asset. */
export const buyRate = ({ bid, ask, fee }: RateTop, isTurned: boolean): number =>
  isTurned ? 1 / (bid * (1 - fee)) : ask * (1 + fee)

/** Numeraire got for one unit of the asset. */
export const sellRate = ({ bid, ask, fee }: RateTop, isTurned: boolean): number =>
  isTurned ? 1 / (ask * (1 + fee)) : bid * (1 - fee)
