import { find } from './dom.ts'
import { addressOf, parentOf, placeOfAddress, titleOf, type Place } from './place.ts'
import { rove } from './roving.ts'

export type Router = {
  start(): void
  go(place: Place): void
  /** One step up. */
  up(): void
  /** The symbol that is looked at, if one. */
  symbol(): string | undefined
  title(text: string): void
}

const VIEWS = [
  'overview',
  'symbol',
  'opportunities',
  'signal',
  'rules',
  'rule',
  'editor',
  'alerts',
] as const satisfies readonly Place['view'][]
/** Takes the focus where a view is opened. */
const HEADINGS: Readonly<Record<Place['view'], string | undefined>> = {
  overview: undefined,
  symbol: 'symbol-name',
  opportunities: 'opportunities-title',
  signal: 'signal-name',
  rules: 'rules-title',
  rule: 'rule-name',
  editor: 'editor-title',
  alerts: 'alerts-title',
}
/** To which entry of the menu a view belongs. */
const MENU: Readonly<Record<Place['view'], string>> = {
  overview: 'menu-prices',
  symbol: 'menu-prices',
  opportunities: 'menu-opportunities',
  signal: 'menu-opportunities',
  rules: 'menu-rules',
  rule: 'menu-rules',
  editor: 'menu-rules',
  alerts: 'menu-alerts',
}

/** Keeps what is shown and the address the same; links within the page change both without loading it anew. */
export function createRouter(onPlace: (place: Place) => void): Router {
  let place: Place = { view: 'overview' }
  let suffix = 'crosstide'
  const prices = find('prices', HTMLTableSectionElement)

  const entitle = (): void => {
    const name = titleOf(place)
    document.title = name === '' ? suffix : `${name} · ${suffix}`
  }
  function show(next: Place): void {
    const before = place
    place = next
    document.documentElement.dataset['view'] = place.view
    for (const view of VIEWS) find(view, HTMLElement).hidden = place.view !== view
    for (const entry of new Set(Object.values(MENU)))
      find(entry, HTMLElement).setAttribute('aria-current', entry === MENU[place.view] ? 'page' : 'false')
    entitle()
    onPlace(place)
    // Of a rule another match, or none: whoever looks at it stays where they are.
    if (isSameRule(before, place)) return
    const heading = HEADINGS[place.view]
    // Back to where one came from, else to what the view is called.
    const row = before.view === 'symbol' ? `#prices tr[data-symbol="${before.symbol}"] a` : undefined
    const cameFrom =
      before.view === 'signal' || before.view === 'rule' ? `#${place.view} tr[data-id="${before.id}"] a` : row
    if (heading !== undefined) find(heading, HTMLElement).focus()
    if (place.view !== 'symbol' && cameFrom !== undefined) {
      const link = document.querySelector(cameFrom)
      if (link instanceof HTMLElement) link.focus()
    }
  }
  function go(next: Place): void {
    if (addressOf(next) === addressOf(place)) return
    const isNear = isSameRule(place, next)
    history.pushState(undefined, '', addressOf(next))
    show(next)
    if (next.view !== 'overview' && !isNear) scrollTo(0, 0)
  }
  const visit = (event: MouseEvent, link: HTMLAnchorElement): void => {
    // Another tab or window is the browser's business.
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(placeOfAddress(new URL(link.href).search))
  }
  rove(prices, 'a.symbol')
  // Of a row every place is its link.
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : document.body
    if (target.closest('button') !== null) return
    const link = target.closest('a[data-place]') ?? target.closest('tr:has(a.symbol)')?.querySelector('a.symbol')
    // Whoever marks text to copy it does not want to leave.
    if (link instanceof HTMLAnchorElement && getSelection()?.isCollapsed !== false) visit(event, link)
  })
  addEventListener('popstate', () => show(placeOfAddress(location.search)))
  return {
    start: () => show(placeOfAddress(location.search)),
    go,
    up: () => go(parentOf(place)),
    symbol: () => (place.view === 'symbol' ? place.symbol : undefined),
    title(text) {
      suffix = text
      entitle()
    },
  }
}

const isSameRule = (one: Place, other: Place): boolean =>
  one.view === 'rule' && other.view === 'rule' && one.id === other.id
