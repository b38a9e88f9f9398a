import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

const FLUSH_MS = 100

/** A file of JSON lines, appended to in blocks so that thousands of lines a second cost little. */
export type Journal = {
  /** One line, without its end. */
  line(text: string): void
  close(): void
}

/** Opens a journal; what it holds is written every 100 ms and at the end. */
export function openJournal(file: string): Journal {
  mkdirSync(dirname(file), { recursive: true })
  const descriptor = openSync(file, 'a')
  let waiting = ''
  let open = true

  function flush(): void {
    if (waiting === '') return
    // Synchronous: a few hundred kilobytes into the page cache, and nothing is in flight when the process ends.
    appendFileSync(descriptor, waiting)
    waiting = ''
  }

  const timer = setInterval(flush, FLUSH_MS)
  return {
    line(text) {
      if (open) waiting += `${text}\n`
    },
    close() {
      if (!open) return
      open = false
      clearInterval(timer)
      flush()
      closeSync(descriptor)
    },
  }
}
