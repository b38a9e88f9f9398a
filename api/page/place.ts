/** What the page shows; every place has an address, so that it can be reloaded, sent and gone back to. */
export type Place = { readonly view: 'overview' } | { readonly view: 'symbol'; readonly symbol: string }

export function placeOfAddress(search: string): Place {
  const symbol = new URLSearchParams(search).get('symbol')?.toUpperCase() ?? ''
  return /^[A-Z0-9]{1,20}(-[A-Z0-9]{1,20}){1,2}$/.test(symbol) ? { view: 'symbol', symbol } : { view: 'overview' }
}

export const addressOf = (place: Place): string => (place.view === 'overview' ? '/' : `/?symbol=${place.symbol}`)
