/** The element of index.html with that id; throws if page and script do not fit. */
export function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`)
  return found
}

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = '',
  className = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  if (text !== '') made.textContent = text
  if (className !== '') made.className = className
  return made
}

/** Screen readers announce every write to a live region, so only changes are written. */
export function write(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text
}

/** Puts children into that order with as few moves as possible: a moved element loses focus. */
export function arrange(parent: HTMLElement, order: readonly HTMLElement[]): void {
  for (const [index, child] of order.entries())
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null)
}
