/** A canonical symbol, `BASE-QUOTE` or `BASE-QUOTE-PERP`, taken apart. */
export type SymbolParts = { readonly base: string; readonly quote: string; readonly perpetual: boolean }

const CANONICAL = /^([A-Z0-9]{1,20})-([A-Z0-9]{1,20})(-PERP)?$/

/** Whether a text has the form of a canonical symbol. */
export const isCanonical = (symbol: string): boolean => CANONICAL.test(symbol)

/** The parts of a canonical symbol, `undefined` if the text is none. */
export function parseSymbol(symbol: string): SymbolParts | undefined {
  const parts = CANONICAL.exec(symbol)
  if (parts === null || parts[1] === undefined || parts[2] === undefined || parts[1] === parts[2]) return undefined
  return { base: parts[1], quote: parts[2], perpetual: parts[3] !== undefined }
}

/** Exchanges' own codes for assets that have a common one. Codes that mean different coins elsewhere are not here. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
  ['CGLD', 'CELO'],
])

export const canonicalAsset = (code: string): string => ALIASES.get(code.toUpperCase()) ?? code.toUpperCase()
