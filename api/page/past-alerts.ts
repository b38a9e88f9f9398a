import { aboutText, isOpen, readAlerts, type Alert } from './alerts.ts'
import { arrange, element, find, write } from './dom.ts'
import { readCursor } from './documents.ts'
import { dateText, durationText } from './format.ts'
import { namedText } from './matches.ts'
import { alertHead, severityCell } from './open-alerts.ts'
import type { Rest } from './rest.ts'
import { rove } from './roving.ts'

const PAGE = 25
/** What is open is left out, so that more than a page may have to be read for one. */
const ASKED = 100
const MOST_REQUESTS = 10

export type PastAlerts = {
  /** From the beginning, as many as were shown. */
  load(signal: AbortSignal): Promise<void>
}

/** Alerts that somebody has seen or that are over, the newest first; more with a button. */
export function createPastAlerts(rest: Rest, again: () => void): PastAlerts {
  const body = find('alerts-past', HTMLTableSectionElement)
  const table = find('alerts-past-table', HTMLElement)
  const status = find('alerts-past-status', HTMLElement)
  const more = find('alerts-more', HTMLButtonElement)
  rove(body, 'a.symbol')
  let wanted = PAGE

  function show(alerts: readonly Alert[], hasMore: boolean): void {
    const known = new Map(
      [...body.children].flatMap((row) => (row instanceof HTMLElement ? [[row.dataset['stamp'], row]] : [])),
    )
    const order = alerts.map((one) => known.get(stampOf(one)) ?? rowOf(one))
    for (const row of known.values()) if (!order.includes(row)) row.remove()
    arrange(body, order)
    more.hidden = !hasMore
    table.hidden = alerts.length === 0
    write(status, alerts.length === 0 ? 'None within 90 days.' : `${alerts.length}${hasMore ? ' newest' : ''}`)
  }
  more.addEventListener('click', () => {
    wanted += PAGE
    again()
  })
  return {
    async load(signal) {
      const past: Alert[] = []
      let cursor: string | undefined
      for (let request = 0; request < MOST_REQUESTS; request++) {
        const query = new URLSearchParams({ phase: 'FIRED', limit: String(ASKED) })
        if (cursor !== undefined) query.set('cursor', cursor)
        const document = await rest.ask(`/api/v1/alerts?${query.toString()}`, signal)
        past.push(...readAlerts(document).filter((one) => !isOpen(one)))
        cursor = readCursor(document)
        if (cursor === undefined || past.length > wanted) break
      }
      if (!signal.aborted) show(past.slice(0, wanted), past.length > wanted)
    },
  }
}

const stampOf = ({ id, state, resolvedAtMs, ackedBy }: Alert): string => [id, state, resolvedAtMs, ackedBy].join(' ')

function rowOf(alert: Alert): HTMLElement {
  const { severity, atMs, resolvedAtMs, ackedBy, fields } = alert
  const row = element('tr')
  row.dataset['id'] = alert.id
  row.dataset['stamp'] = stampOf(alert)
  const lasted = Number.isFinite(resolvedAtMs) ? durationText(resolvedAtMs - atMs) : '–'
  const cells: readonly (readonly [string, string, string])[] = [
    ['text key', '', aboutText(alert)],
    ['text when', '', dateText(atMs)],
    ['lasts', 'lasted', lasted],
    ['text fields', '', namedText(fields)],
    ['text author', 'seen by', ackedBy ?? '–'],
  ]
  row.append(alertHead(alert), severityCell(severity))
  for (const [name, label, text] of cells) {
    const cell = element('td', text, name)
    if (label !== '') cell.dataset['label'] = label
    row.append(cell)
  }
  return row
}
