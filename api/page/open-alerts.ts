import { aboutText, type Alert } from './alerts.ts'
import { arrange, element, write } from './dom.ts'
import { ageText } from './format.ts'
import { namedText } from './matches.ts'
import { addressOf } from './place.ts'
import { rove } from './roving.ts'

export type OpenAlerts = {
  show(alerts: readonly Alert[]): void
  /** Each second: how old they are. */
  refresh(nowMs: number): void
}

export type AlertActs = {
  readonly acknowledge: (alert: Alert) => void
  readonly silence: (alert: Alert, hours: number) => void
}

type Row = { readonly row: HTMLTableRowElement; show(alert: Alert): void; refresh(nowMs: number): void }

/** Alerts that are open; rows keep their places while somebody is among them. */
export function createOpenAlerts(body: HTMLTableSectionElement, acts: AlertActs): OpenAlerts {
  rove(body, 'a.symbol')
  const rows = new Map<string, Row>()
  return {
    show(alerts) {
      const ids = new Set(alerts.map(({ id }) => id))
      let left: number | undefined
      for (const [id, { row }] of rows) {
        if (ids.has(id)) continue
        if (row.contains(document.activeElement)) left = [...body.children].indexOf(row)
        row.remove()
        rows.delete(id)
      }
      for (const alert of alerts) {
        const row = rows.get(alert.id) ?? createRow(alert, acts)
        rows.set(alert.id, row)
        row.show(alert)
      }
      const wanted = alerts.flatMap(({ id }) => rows.get(id)?.row ?? [])
      const isHeld = body.children.length > 0 && body.matches(':hover, :focus-within')
      if (!isHeld) arrange(body, wanted)
      else for (const row of wanted) if (row.parentElement === null) body.append(row)
      // Whoever has dealt with one goes on with the next.
      if (left !== undefined) focusRow(body.children[Math.min(left, body.children.length - 1)])
    },
    refresh(nowMs) {
      for (const row of rows.values()) row.refresh(nowMs)
    },
  }
}

function focusRow(row: Element | undefined): void {
  const next = row?.querySelector('button') ?? document.getElementById('alerts-title')
  if (next instanceof HTMLElement) next.focus()
}

/** The name of an alert: a link to the match of its rule, where it has one. */
export function alertHead({ id, title, ruleId, feed }: Alert): HTMLElement {
  const head = element('th', '', 'text what')
  head.scope = 'row'
  if (ruleId === undefined) head.append(element('span', title, 'title'))
  else {
    const link = element('a', title, 'symbol')
    link.href = addressOf({ view: 'rule', id: ruleId, match: id })
    link.tabIndex = -1
    head.append(link)
  }
  if (feed !== 'LIVE') head.append(' ', element('span', feed, 'badge feed'))
  return head
}

export function severityCell(severity: string): HTMLElement {
  const cell = element('td', '', 'text severity')
  const mark = element('span', severity)
  mark.dataset['severity'] = severity
  cell.append(mark)
  return cell
}

function createRow(first: Alert, { acknowledge, silence }: AlertActs): Row {
  const row = element('tr')
  row.dataset['id'] = first.id
  const age = element('td', '', 'age')
  age.title = new Date(first.atMs).toISOString()
  const actions = element('td', '', 'actions')
  const button = (text: string, label: string, act: () => void): HTMLButtonElement => {
    const made = element('button', text)
    made.type = 'button'
    made.setAttribute('aria-label', label)
    made.addEventListener('click', act)
    return made
  }
  const what = first.ruleId === undefined ? first.type : `rule ${first.ruleId}`
  actions.append(
    button('Acknowledge', `Acknowledge ${first.title}, ${aboutText(first)}`, () => acknowledge(alert)),
    button('Silence 1 h', `Silence ${what} for an hour`, () => silence(alert, 1)),
    button('24 h', `Silence ${what} for 24 hours`, () => silence(alert, 24)),
  )
  const fields = element('td', namedText(first.fields), 'text fields')
  fields.title = namedText(first.fields)
  row.append(
    alertHead(first),
    severityCell(first.severity),
    element('td', aboutText(first), 'text key'),
    age,
    fields,
    actions,
  )
  let alert = first
  return {
    row,
    show(next) {
      alert = next
    },
    refresh: (nowMs) => write(age, `${ageText(nowMs - alert.atMs)} ago`),
  }
}
