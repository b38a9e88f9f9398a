import { find, write } from './dom.ts'
import { currentWriteKey, keepWriteKey } from './key.ts'

export type KeyQuestion = {
  /** The key that may write, if one was given in this tab. */
  known(): string | undefined
  forget(): void
  /** Asks for one, saying why; `undefined`: whoever was asked went away. */
  ask(why: string): Promise<string | undefined>
}

/** Asks for a key that may write, where one is needed; it stays in this tab, beside the one that reads. */
export function createKeyQuestion(onChange: () => void): KeyQuestion {
  const dialog = find('write-key', HTMLDialogElement)
  const form = find('write-key-form', HTMLFormElement)
  const field = find('write-key-field', HTMLInputElement)
  const why = find('write-key-why', HTMLElement)
  let answer: ((key: string | undefined) => void) | undefined
  const settle = (key: string | undefined): void => {
    const waiting = answer
    answer = undefined
    field.value = ''
    waiting?.(key)
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const key = field.value.trim()
    if (key === '') return
    keepWriteKey(key)
    onChange()
    settle(key)
    dialog.close()
  })
  find('write-key-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close())
  // By Escape, too.
  dialog.addEventListener('close', () => settle(undefined))
  return {
    known: currentWriteKey,
    forget() {
      keepWriteKey(undefined)
      onChange()
    },
    ask(reason) {
      settle(undefined)
      write(why, reason)
      if (!dialog.open) dialog.showModal()
      field.focus()
      return new Promise((resolve) => {
        answer = resolve
      })
    },
  }
}
