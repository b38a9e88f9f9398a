export type Shortcuts = {
  /** `/` */
  readonly search: HTMLInputElement
  /** `?` */
  readonly help: HTMLDialogElement
  /** Escape, where nothing nearer wants it. */
  readonly back: () => void
  /** `/` filters the overview. */
  readonly overview: () => void
  /** `o` */
  readonly opportunities: () => void
  /** `r` */
  readonly rules: () => void
  /** `a` */
  readonly alerts: () => void
  readonly clear: () => void
}

/** The page's keys. Letters typed into a field are text. */
export function listenToKeys(shortcuts: Shortcuts): void {
  const { search, help, back, overview, opportunities, rules, alerts, clear } = shortcuts
  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector('dialog[open]') !== null) return
    if (document.documentElement.dataset['access'] !== 'open') return
    const { activeElement } = document
    const isTyping =
      activeElement instanceof HTMLTextAreaElement ||
      activeElement instanceof HTMLSelectElement ||
      (activeElement instanceof HTMLInputElement && activeElement.type !== 'checkbox' && activeElement.type !== 'radio')
    if (event.key === 'Escape') {
      if (activeElement === search || search.value !== '') {
        clear()
        search.blur()
        // What is written is not left by one key: the first only leaves the field.
      } else if (activeElement instanceof HTMLTextAreaElement) activeElement.blur()
      else back()
      return
    }
    if (isTyping) return
    if (event.key === '/') {
      event.preventDefault()
      // The field filters the overview: from a symbol's view it leads there.
      overview()
      search.focus()
    }
    if (event.key === 'o') opportunities()
    if (event.key === 'r') rules()
    if (event.key === 'a') alerts()
    if (event.key === '?') help.showModal()
  })
}
