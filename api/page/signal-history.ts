import { arrange, element, find, write } from './dom.ts'
import { dateText, durationText } from './format.ts'
import { readCursor } from './documents.ts'
import { addressOf } from './place.ts'
import type { Rest } from './rest.ts'
import { rove } from './roving.ts'
import { ENDINGS, amountText, bpsText, nameOf, readSignals, routeOf, type Signal } from './signals.ts'

const PAGE = 50
const TYPING_MS = 300

export type SignalHistory = {
  open(): void
  close(): void
  /** Something opened or ended. */
  changed(): void
}

/** What opened within a month, by the filters of the form; more with a button, fresh when something opens or ends. */
export function createSignalHistory(rest: Rest): SignalHistory {
  const body = find('history', HTMLTableSectionElement)
  const status = find('history-status', HTMLElement)
  const more = find('history-more', HTMLButtonElement)
  const form = find('history-filters', HTMLFormElement)
  rove(body, 'a.symbol')
  let isShown = false
  let cursor: string | undefined
  let leaving = new AbortController()
  let typing = 0
  let pages = 1

  function query(after: string | undefined): string {
    const wanted = new URLSearchParams({ limit: String(PAGE) })
    for (const [name, value] of new FormData(form))
      if (typeof value === 'string' && value.trim() !== '') wanted.set(name, value.trim())
    if (after !== undefined) wanted.set('cursor', after)
    return `/api/v1/signals?${wanted.toString()}`
  }

  /** As many pages as were shown, so that a fresh look does not fold the list. */
  async function load(): Promise<void> {
    leaving.abort()
    leaving = new AbortController()
    const { signal } = leaving
    try {
      const rows: Signal[] = []
      let next: string | undefined
      for (let page = 0; page < pages; page++) {
        const document = await rest.ask(query(next), signal)
        rows.push(...readSignals(document))
        next = readCursor(document)
        if (next === undefined) break
      }
      if (signal.aborted) return
      cursor = next
      show(rows)
    } catch {
      if (!signal.aborted) write(status, 'The history could not be loaded: look at the filters, or try again.')
    }
  }

  function show(rows: readonly Signal[]): void {
    const known = new Map([...body.children].flatMap((row) => (row instanceof HTMLElement ? [[stamp(row), row]] : [])))
    const order = rows.map((one) => known.get(stampOf(one)) ?? rowOf(one))
    for (const row of known.values()) if (!order.includes(row)) row.remove()
    arrange(body, order)
    more.hidden = cursor === undefined
    write(
      status,
      rows.length > 0
        ? `${rows.length}${cursor === undefined ? '' : ' newest'}`
        : 'No opportunity of the last 31 days fits the filters.',
    )
  }

  const again = (): void => {
    pages = 1
    void load()
  }
  form.addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(again, TYPING_MS)
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    again()
  })
  more.addEventListener('click', () => {
    pages++
    void load()
  })

  return {
    open() {
      isShown = true
      write(status, 'Loading …')
      void load()
    },
    close() {
      isShown = false
      leaving.abort()
    },
    changed() {
      // Whoever is among the rows keeps them where they are.
      if (!isShown || body.matches(':hover, :focus-within')) return
      clearTimeout(typing)
      typing = setTimeout(() => void load(), TYPING_MS)
    },
  }
}

const stampOf = ({ id, updatedAtMs, isOpen }: Signal): string => `${id} ${updatedAtMs} ${isOpen}`
const stamp = (row: HTMLElement): string => row.dataset['stamp'] ?? ''

function rowOf(signal: Signal): HTMLElement {
  const row = element('tr')
  row.dataset['id'] = signal.id
  row.dataset['stamp'] = stampOf(signal)
  row.dataset['open'] = String(signal.isOpen)
  const head = element('th', '', 'text what')
  head.scope = 'row'
  const link = element('a', nameOf(signal), 'symbol')
  link.href = addressOf({ view: 'signal', id: signal.id })
  link.tabIndex = -1
  head.append(link)
  row.append(head)
  const ending = signal.isOpen ? 'open' : (ENDINGS[signal.reason ?? ''] ?? 'time over')
  const cells: readonly (readonly [string, string, string])[] = [
    ['text when', '', dateText(signal.openedAtMs)],
    ['text route', '', routeOf(signal)],
    ['edge', 'peak', `${bpsText(signal.peakBps)} bps`],
    ['profit', 'best profit', `${amountText(signal.peakProfit, 3)} ${signal.numeraire}`],
    ['lasts', 'lasted', signal.isOpen ? '–' : durationText(signal.durationMs)],
    ['text ending', '', ending],
  ]
  for (const [name, label, text] of cells) {
    const cell = element('td', text, name)
    if (label !== '') cell.dataset['label'] = label
    row.append(cell)
  }
  return row
}
