import type { Instrument } from './adapter.ts'

/** The configured symbols as an exchange lists them; `ambiguous`: two instruments under one symbol. */
export type Chosen = {
  readonly instruments: readonly Instrument[]
  readonly unknown: readonly string[]
  readonly ambiguous: readonly string[]
}

export function choose(symbols: readonly string[], listed: readonly Instrument[]): Chosen {
  const bySymbol = Map.groupBy(listed, ({ symbol }) => symbol)
  const found = symbols.map((symbol) => ({ symbol, of: bySymbol.get(symbol) ?? [] }))
  return {
    instruments: found.flatMap(({ of }) => of.slice(0, 1)),
    unknown: found.filter(({ of }) => of.length === 0).map(({ symbol }) => symbol),
    ambiguous: found.filter(({ of }) => of.length > 1).map(({ symbol }) => symbol),
  }
}
