import { arrange, element, write } from './dom.ts'
import { ageText, durationText } from './format.ts'
import { addressOf } from './place.ts'
import { rove } from './roving.ts'
import { amountText, bpsText, nameOf, routeOf, type Signal, type SignalMessage } from './signals.ts'

export type OpenSignals = {
  apply(message: SignalMessage): void
  /** Each second: for how long they have been open. */
  refresh(nowMs: number): void
  count(): number
}

type Row = { readonly row: HTMLTableRowElement; show(signal: Signal): void; refresh(nowMs: number): void }

/** What is open, the greatest edge first; rows keep their places while somebody is among them. */
export function createOpenSignals(body: HTMLTableSectionElement): OpenSignals {
  rove(body, 'a.symbol')
  const signals = new Map<string, Signal>()
  const rows = new Map<string, Row>()
  let nowMs = Number.NaN

  function order(): void {
    const sorted = [...signals.values()].toSorted((a, b) => b.edgeBps - a.edgeBps || (a.id < b.id ? -1 : 1))
    for (const [id, { row }] of rows) {
      if (signals.has(id)) continue
      row.remove()
      rows.delete(id)
    }
    const wanted = sorted.flatMap(({ id }) => rows.get(id)?.row ?? [])
    const isHeld = body.children.length === wanted.length && body.matches(':hover, :focus-within')
    if (!isHeld) arrange(body, wanted)
    else for (const row of wanted) if (row.parentElement === null) body.append(row)
  }

  return {
    apply({ isState, timeMs, signals: changed }) {
      nowMs = Math.max(Number.isFinite(nowMs) ? nowMs : 0, timeMs)
      if (isState) signals.clear()
      for (const signal of changed) {
        if (signal.isOpen) signals.set(signal.id, signal)
        else signals.delete(signal.id)
      }
      for (const signal of signals.values()) {
        const row = rows.get(signal.id) ?? createRow(signal)
        rows.set(signal.id, row)
        row.show(signal)
        row.refresh(nowMs)
      }
      order()
    },
    refresh(now) {
      nowMs = now
      for (const row of rows.values()) row.refresh(now)
    },
    count: () => signals.size,
  }
}

function createRow(first: Signal): Row {
  const row = element('tr')
  row.dataset['id'] = first.id
  const head = element('th', '', 'text what')
  head.scope = 'row'
  const link = element('a', nameOf(first), 'symbol')
  link.href = addressOf({ view: 'signal', id: first.id })
  link.tabIndex = -1
  head.append(link)
  row.append(head)
  const cell = (name: string, label = ''): HTMLElement => {
    const made = row.insertCell()
    made.className = name
    if (label !== '') made.dataset['label'] = label
    return made
  }
  const cells = {
    route: cell('route text'),
    edge: cell('edge', 'edge'),
    size: cell('size', 'size'),
    profit: cell('profit', 'profit'),
    ages: cell('ages', 'ages'),
    lasts: cell('lasts', 'open'),
    feed: cell('feed text'),
  }
  const badge = element('span', '', 'badge')
  cells.feed.append(badge)
  let signal = first
  return {
    row,
    show(next) {
      signal = next
      write(cells.route, routeOf(next))
      write(cells.edge, `${bpsText(next.edgeBps)} bps`)
      write(cells.size, `${amountText(next.size)} ${next.base}`)
      write(cells.profit, `${amountText(next.profit, 3)} ${next.numeraire}`)
      write(cells.ages, next.legs.map(({ quoteAgeMs }) => durationText(quoteAgeMs)).join(' · '))
      write(badge, next.feed)
      row.dataset['feed'] = next.feed
    },
    refresh: (nowMs) => write(cells.lasts, ageText(nowMs - signal.openedAtMs)),
  }
}
