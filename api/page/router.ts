import { find } from './dom.ts'
import { addressOf, placeOfAddress, type Place } from './place.ts'
import { rove } from './roving.ts'

export type Router = {
  start(): void
  go(place: Place): void
  /** The symbol that is looked at, if one. */
  symbol(): string | undefined
  title(text: string): void
}

/** Keeps what is shown and the address the same; links within the page change both without loading it anew. */
export function createRouter(onPlace: (place: Place) => void): Router {
  let place: Place = { view: 'overview' }
  let suffix = 'crosstide'
  const prices = find('prices', HTMLTableSectionElement)

  const entitle = (): void => {
    document.title = place.view === 'symbol' ? `${place.symbol} · ${suffix}` : suffix
  }
  function show(next: Place): void {
    const before = place
    place = next
    document.documentElement.dataset['view'] = place.view
    find('overview', HTMLElement).hidden = place.view !== 'overview'
    find('symbol', HTMLElement).hidden = place.view !== 'symbol'
    entitle()
    onPlace(place)
    if (place.view === 'symbol') find('symbol-name', HTMLElement).focus()
    else if (before.view === 'symbol') {
      // Back to where one came from.
      const link = prices.querySelector(`tr[data-symbol="${before.symbol}"] a`)
      if (link instanceof HTMLElement) link.focus()
    }
  }
  function go(next: Place): void {
    if (addressOf(next) === addressOf(place)) return
    history.pushState(undefined, '', addressOf(next))
    show(next)
    if (next.view === 'symbol') scrollTo(0, 0)
  }
  const visit = (event: MouseEvent, link: HTMLAnchorElement): void => {
    // Another tab or window is the browser's business.
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(placeOfAddress(new URL(link.href).search))
  }
  rove(prices, 'a.symbol')
  find('back', HTMLAnchorElement).addEventListener('click', (event) => visit(event, find('back', HTMLAnchorElement)))
  prices.addEventListener('click', (event) => {
    const row = event.target instanceof Element ? event.target.closest('tr') : null
    const link = row?.querySelector('a')
    // Whoever marks text to copy it does not want to leave.
    if (link instanceof HTMLAnchorElement && getSelection()?.isCollapsed !== false) visit(event, link)
  })
  addEventListener('popstate', () => show(placeOfAddress(location.search)))
  return {
    start: () => show(placeOfAddress(location.search)),
    go,
    symbol: () => (place.view === 'symbol' ? place.symbol : undefined),
    title(text) {
      suffix = text
      entitle()
    },
  }
}
