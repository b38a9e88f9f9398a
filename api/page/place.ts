/** What the page shows; every place has an address, so that it can be reloaded, sent and gone back to. */
export type Place =
  | { readonly view: 'overview' }
  | { readonly view: 'symbol'; readonly symbol: string }
  | { readonly view: 'opportunities' }
  | { readonly view: 'signal'; readonly id: string }

export function placeOfAddress(search: string): Place {
  const query = new URLSearchParams(search)
  const symbol = query.get('symbol')?.toUpperCase() ?? ''
  if (/^[A-Z0-9]{1,20}(-[A-Z0-9]{1,20}){1,2}$/.test(symbol)) return { view: 'symbol', symbol }
  const id = query.get('signal') ?? ''
  if (/^[a-z](:\d{1,15}){3}$/.test(id)) return { view: 'signal', id }
  return query.get('view') === 'opportunities' ? { view: 'opportunities' } : { view: 'overview' }
}

export function addressOf(place: Place): string {
  switch (place.view) {
    case 'overview':
      return '/'
    case 'symbol':
      return `/?symbol=${place.symbol}`
    case 'opportunities':
      return '/?view=opportunities'
    case 'signal':
      return `/?signal=${place.id}`
    default:
      return '/'
  }
}

/** Where Escape leads. */
export const parentOf = (place: Place): Place =>
  place.view === 'signal' ? { view: 'opportunities' } : { view: 'overview' }
