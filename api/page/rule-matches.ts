import { arrange, element, find, write } from './dom.ts'
import { readCursor } from './documents.ts'
import { dateText } from './format.ts'
import { keyText, namedText, phaseText, readMatches, type Match } from './matches.ts'
import { addressOf } from './place.ts'
import type { Rest } from './rest.ts'
import { rove } from './roving.ts'

const PAGE = 25

export type RuleMatches = {
  open(ruleId: string): void
  /** The newest and all that are shown; the newest of them is returned. */
  load(signal: AbortSignal): Promise<Match | undefined>
  /** Which of them is looked at. */
  mark(id: string | undefined): void
}

/** Matches of one rule, the newest first; more with a button. */
export function createRuleMatches(rest: Rest, again: () => void): RuleMatches {
  const body = find('matches', HTMLTableSectionElement)
  const table = find('matches-table', HTMLElement)
  const status = find('matches-status', HTMLElement)
  const more = find('matches-more', HTMLButtonElement)
  rove(body, 'a.symbol')
  let ruleId = ''
  let pages = 1
  let marked: string | undefined

  function show(matches: readonly Match[], hasMore: boolean): void {
    const known = new Map(
      [...body.children].flatMap((row) => (row instanceof HTMLElement ? [[row.dataset['id'] ?? '', row]] : [])),
    )
    const order = matches.map((one) => known.get(one.id) ?? rowOf(one))
    for (const row of known.values()) if (!order.includes(row)) row.remove()
    arrange(body, order)
    more.hidden = !hasMore
    table.hidden = matches.length === 0
    write(
      status,
      matches.length > 0
        ? `${matches.length}${hasMore ? ' newest' : ''}`
        : 'None within 31 days. Whether it would have fired in the last hour: Edit, then “Test against the last hour”.',
    )
    markRow()
  }
  function markRow(): void {
    for (const row of body.children)
      if (row instanceof HTMLElement) row.toggleAttribute('data-chosen', row.dataset['id'] === marked)
  }
  more.addEventListener('click', () => {
    pages++
    again()
  })
  return {
    open(id) {
      ruleId = id
      pages = 1
      body.replaceChildren()
      table.hidden = true
      more.hidden = true
      write(status, 'Loading …')
    },
    async load(signal) {
      const matches: Match[] = []
      let cursor: string | undefined
      for (let page = 0; page < pages; page++) {
        const query = new URLSearchParams({ ruleId, limit: String(PAGE) })
        if (cursor !== undefined) query.set('cursor', cursor)
        const document = await rest.ask(`/api/v1/matches?${query.toString()}`, signal)
        matches.push(...readMatches(document))
        cursor = readCursor(document)
        if (cursor === undefined) break
      }
      if (!signal.aborted) show(matches, cursor !== undefined)
      return matches[0]
    },
    mark(id) {
      marked = id
      markRow()
    },
  }
}

function rowOf(match: Match): HTMLElement {
  const row = element('tr')
  row.dataset['id'] = match.id
  row.dataset['phase'] = match.phase
  const head = element('th', '', 'text when')
  head.scope = 'row'
  const link = element('a', dateText(match.atMs), 'symbol')
  link.href = addressOf({ view: 'rule', id: match.ruleId, match: match.id })
  link.tabIndex = -1
  head.append(link)
  const what = element('td', phaseText(match), 'text phase')
  if (match.isShadow) what.append(' ', element('span', 'SHADOW', 'badge'))
  if (match.feed !== 'LIVE') what.append(' ', element('span', match.feed, 'badge feed'))
  const severity = element('td', match.severity, 'text severity')
  severity.dataset['severity'] = match.severity
  const fields = element('td', namedText(match.fields), 'text fields')
  row.append(head, what, severity, element('td', keyText(match.key), 'text key'), fields)
  return row
}
