import { arrange, element, find, write } from './dom.ts'
import { readCursor } from './documents.ts'
import { ageText } from './format.ts'
import { addressOf } from './place.ts'
import { createPoll } from './poll.ts'
import type { Rest } from './rest.ts'
import { rove } from './roving.ts'
import { createRuleButtons } from './rule-actions.ts'
import { readRules, readStats, stateOf, stateSentence, type Rule, type RuleStats } from './rules.ts'
import type { Writer } from './writing.ts'

const POLL_MS = 5000
/** Figures of every rule are a request each. */
const STATS_EVERY_MS = 30_000
const PAGE = 50
const AT_ONCE = 4

export type RulesList = {
  look(isShown: boolean): void
  /** Each second. */
  refresh(): void
}

type Row = {
  readonly row: HTMLTableRowElement
  show(rule: Rule): void
  figures(stats: RuleStats): void
  refresh(): void
}

/** All rules: what became of each, and how often it fires. */
export function createRulesList(rest: Rest, writer: Writer, now: () => number): RulesList {
  const body = find('rules-list', HTMLTableSectionElement)
  const empty = find('rules-empty', HTMLElement)
  const status = find('rules-status', HTMLElement)
  const problem = find('rules-problem', HTMLElement)
  const more = find('rules-more', HTMLButtonElement)
  rove(body, 'a.symbol')
  const rows = new Map<string, Row>()
  let isShown = false
  let pages = 1
  let statsAtMs = Number.NEGATIVE_INFINITY

  const poll = createPoll(POLL_MS, async (signal) => {
    try {
      const rules: Rule[] = []
      let cursor: string | undefined
      for (let page = 0; page < pages; page++) {
        const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const document = await rest.ask(`/api/v1/rules?limit=${PAGE}${after}`, signal)
        rules.push(...readRules(document))
        cursor = readCursor(document)
        if (cursor === undefined) break
      }
      more.hidden = cursor === undefined
      show(rules)
      const isNew = rules.some(({ id }) => rows.get(id)?.row.dataset['figures'] === undefined)
      if (isNew || Date.now() - statsAtMs > STATS_EVERY_MS) await askFigures(rules, signal)
    } catch {
      if (!signal.aborted) write(status, 'The rules could not be loaded; trying again.')
    }
  })

  async function askFigures(rules: readonly Rule[], signal: AbortSignal): Promise<void> {
    statsAtMs = Date.now()
    const left = [...rules]
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift())
        rows.get(next.id)?.figures(readStats(await rest.ask(`/api/v1/rules/${next.id}/stats`, signal)))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  function show(rules: readonly Rule[]): void {
    const known = new Set(rules.map(({ id }) => id))
    for (const [id, { row }] of rows) {
      if (known.has(id)) continue
      row.remove()
      rows.delete(id)
    }
    for (const rule of rules) {
      const row = rows.get(rule.id) ?? createRow(rule, writer, problem, now, () => poll.again())
      rows.set(rule.id, row)
      row.show(rule)
    }
    arrange(
      body,
      rules.flatMap(({ id }) => rows.get(id)?.row ?? []),
    )
    empty.hidden = rules.length > 0
    write(empty, 'There are no rules yet. “New rule” makes one; “crosstide rules apply” takes a folder of them.')
    const active = rules.filter((rule) => rule.activation.activeVersion !== undefined).length
    write(status, rules.length === 0 ? '' : `${active} of ${rules.length}${more.hidden ? '' : ' shown'} active`)
  }
  more.addEventListener('click', () => {
    pages++
    poll.again()
  })
  return {
    look(wanted) {
      if (wanted === isShown) return
      isShown = wanted
      write(problem, '')
      statsAtMs = Number.NEGATIVE_INFINITY
      if (wanted) poll.start()
      else poll.stop()
    },
    refresh() {
      if (isShown) for (const row of rows.values()) row.refresh()
    },
  }
}

function createRow(first: Rule, writer: Writer, problem: HTMLElement, now: () => number, onChange: () => void): Row {
  const row = element('tr')
  row.dataset['id'] = first.id
  const head = element('th', '', 'text what')
  head.scope = 'row'
  const link = element('a', first.name, 'symbol')
  link.href = addressOf({ view: 'rule', id: first.id, match: undefined })
  link.tabIndex = -1
  head.append(link, element('span', first.id, 'id'))
  row.append(head)
  const cell = (name: string, label = ''): HTMLElement => {
    const made = row.insertCell()
    made.className = name
    if (label !== '') made.dataset['label'] = label
    return made
  }
  const cells = {
    state: cell('text rule-state'),
    version: cell('version', 'version'),
    severity: cell('text severity'),
    hour: cell('fired', 'last hour'),
    day: cell('fired', '24 h'),
    last: cell('last-fired', 'last fired'),
    actions: cell('actions'),
  }
  const dot = element('span', '', 'dot')
  const state = element('span')
  cells.state.append(dot, state)
  const buttons = createRuleButtons(writer, problem, (rule) => {
    shown.show(rule)
    onChange()
  })
  cells.actions.append(...buttons.all)
  let stats: RuleStats | undefined
  const shown: Row = {
    row,
    show(rule) {
      const { activeVersion, shadowVersion } = rule.activation
      write(link, rule.name)
      write(state, stateOf(rule))
      row.dataset['rule'] = stateOf(rule)
      cells.state.title = stateSentence(rule, now())
      const others = shadowVersion === undefined ? '' : `, shadow ${shadowVersion}`
      write(cells.version, `${activeVersion ?? rule.version}${others}`)
      write(cells.severity, rule.severity)
      buttons.show(rule)
    },
    figures(next) {
      stats = next
      row.dataset['figures'] = 'there'
      write(cells.hour, stats.fired1h.toLocaleString('en'))
      write(cells.day, stats.fired24h.toLocaleString('en'))
      shown.refresh()
    },
    refresh() {
      if (stats === undefined) return
      write(cells.last, Number.isNaN(stats.lastFiredMs) ? 'never' : `${ageText(now() - stats.lastFiredMs)} ago`)
    },
  }
  return shown
}
