const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }

/**
 * Makes the stops of a list one stop of the tab key: arrow keys, Home and End go from one to the next, and the list
 * remembers where it was. The stops may come, go and hide at any time.
 */
export function rove(list: HTMLElement, selector: string): void {
  const stops = (): readonly HTMLElement[] =>
    [...list.querySelectorAll(selector)].flatMap((one) =>
      one instanceof HTMLElement && one.closest('[hidden]') === null ? one : [],
    )
  const enter = (stop: HTMLElement): void => {
    for (const one of list.querySelectorAll(`${selector}[tabindex="0"]`)) one.setAttribute('tabindex', '-1')
    stop.tabIndex = 0
  }
  const ensure = (): void => {
    const all = stops()
    if (!all.some((one) => one.tabIndex === 0) && all[0] !== undefined) enter(all[0])
  }
  list.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement && target.matches(selector)) enter(target)
  })
  list.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const all = stops()
    const at = all.findIndex((one) => one === document.activeElement)
    const step = STEPS[event.key]
    const next =
      event.key === 'Home' ? 0 : event.key === 'End' ? all.length - 1 : step === undefined ? undefined : at + step
    if (at < 0 || next === undefined) return
    event.preventDefault()
    all[Math.min(Math.max(next, 0), all.length - 1)]?.focus()
  })
  // Two observers: cells change many times a second, and those changes must not be looked at.
  new MutationObserver(ensure).observe(list, { childList: true })
  new MutationObserver(ensure).observe(list, { subtree: true, attributes: true, attributeFilter: ['hidden'] })
  ensure()
}
