/** What the page shows; every place has an address, so that it can be reloaded, sent and gone back to. */
export type Place =
  | { readonly view: 'overview' }
  | { readonly view: 'symbol'; readonly symbol: string }
  | { readonly view: 'opportunities' }
  | { readonly view: 'signal'; readonly id: string }
  | { readonly view: 'rules' }
  /** A rule, with one of its matches. */
  | { readonly view: 'rule'; readonly id: string; readonly match: string | undefined }
  /** A rule that is edited; without an id a new one. */
  | { readonly view: 'editor'; readonly id: string | undefined }
  | { readonly view: 'alerts' }

const RULE = /^[a-z0-9-]{1,64}$/
const MATCH = /^[a-z0-9-]{1,64}@\d{1,10}:\d{1,4}:\d{1,15}:\d{1,6}$/

export function placeOfAddress(search: string): Place {
  const query = new URLSearchParams(search)
  const symbol = query.get('symbol')?.toUpperCase() ?? ''
  if (/^[A-Z0-9]{1,20}(-[A-Z0-9]{1,20}){1,2}$/.test(symbol)) return { view: 'symbol', symbol }
  const id = query.get('signal') ?? ''
  if (/^[a-z](:\d{1,15}){3}$/.test(id)) return { view: 'signal', id }
  const rule = query.get('rule') ?? ''
  const match = query.get('match') ?? ''
  if (RULE.test(rule)) return { view: 'rule', id: rule, match: MATCH.test(match) ? match : undefined }
  const edited = query.get('edit') ?? ''
  if (RULE.test(edited)) return { view: 'editor', id: edited }
  switch (query.get('view') ?? '') {
    case 'opportunities':
      return { view: 'opportunities' }
    case 'rules':
      return { view: 'rules' }
    case 'new-rule':
      return { view: 'editor', id: undefined }
    case 'alerts':
      return { view: 'alerts' }
    default:
      return { view: 'overview' }
  }
}

export function addressOf(place: Place): string {
  switch (place.view) {
    case 'symbol':
      return `/?symbol=${place.symbol}`
    case 'signal':
      return `/?signal=${place.id}`
    case 'rule':
      return `/?rule=${place.id}${place.match === undefined ? '' : `&match=${place.match}`}`
    case 'editor':
      return place.id === undefined ? '/?view=new-rule' : `/?edit=${place.id}`
    case 'overview':
      return '/'
    case 'opportunities':
    case 'rules':
    case 'alerts':
      return `/?view=${place.view}`
    default:
      return '/'
  }
}

/** Where Escape leads. */
export function parentOf(place: Place): Place {
  switch (place.view) {
    case 'signal':
      return { view: 'opportunities' }
    case 'rule':
      return place.match === undefined ? { view: 'rules' } : { view: 'rule', id: place.id, match: undefined }
    case 'editor':
      return place.id === undefined ? { view: 'rules' } : { view: 'rule', id: place.id, match: undefined }
    case 'overview':
    case 'symbol':
    case 'opportunities':
    case 'rules':
    case 'alerts':
      return { view: 'overview' }
    default:
      return { view: 'overview' }
  }
}

/** What the page's title calls it. */
export function titleOf(place: Place): string {
  switch (place.view) {
    case 'overview':
      return ''
    case 'symbol':
      return place.symbol
    case 'signal':
      return 'Opportunity'
    case 'opportunities':
      return 'Opportunities'
    case 'rules':
      return 'Rules'
    case 'rule':
      return place.id
    case 'editor':
      return place.id === undefined ? 'New rule' : `Edit ${place.id}`
    case 'alerts':
      return 'Alerts'
    default:
      return ''
  }
}
