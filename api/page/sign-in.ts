import { find, write } from './dom.ts'
import { currentKey, keepKey, keepWriteKey } from './key.ts'

export type SignIn = {
  /** Takes a key that was refused away, says so, and asks for another. */
  refused(): void
}

/** Asks for the API key where the server wants one; until it is known the page shows nothing else. */
export function createSignIn(onKey: () => void): SignIn {
  const root = document.documentElement
  const form = find('sign-in', HTMLFormElement)
  const field = find('key', HTMLInputElement)
  const problem = find('key-problem', HTMLElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const key = field.value.trim()
    if (key === '') return
    write(problem, '')
    keepKey(key)
    onKey()
  })
  find('sign-out', HTMLButtonElement).addEventListener('click', () => {
    keepKey(undefined)
    keepWriteKey(undefined)
    // A fresh page holds nothing of what was shown.
    location.reload()
  })
  return {
    refused() {
      const wasKnown = root.dataset['access'] === 'open'
      if (currentKey() !== undefined)
        write(
          problem,
          wasKnown
            ? 'The server no longer accepts this key. Enter another one.'
            : 'The server does not know this key. Check it for missing characters, or ask whoever runs the server.',
        )
      keepKey(undefined)
      root.dataset['access'] = 'asked'
      field.value = ''
      field.toggleAttribute('aria-invalid', problem.textContent !== '')
      field.focus()
    },
  }
}
