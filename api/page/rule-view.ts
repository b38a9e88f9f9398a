import { find, write } from './dom.ts'
import { ageText } from './format.ts'
import { createMatchPanel } from './match-panel.ts'
import { readOneMatch } from './matches.ts'
import { addressOf } from './place.ts'
import { createPoll } from './poll.ts'
import { NotThere, type Rest } from './rest.ts'
import { createRuleButtons } from './rule-actions.ts'
import { createRuleMatches } from './rule-matches.ts'
import { createRuleVersions } from './rule-versions.ts'
import { readOneRule, readStats, stateOf, stateSentence, type Rule, type RuleStats } from './rules.ts'
import type { Writer } from './writing.ts'

const POLL_MS = 5000

export type RuleView = {
  open(id: string, match: string | undefined): void
  close(): void
  /** Each second. */
  refresh(): void
}

/** One rule: what became of it, its matches with one of them on the prices, its versions and its document. */
export function createRuleView(rest: Rest, writer: Writer, now: () => number): RuleView {
  const empty = find('rule-empty', HTMLElement)
  const parts = find('rule-parts', HTMLElement)
  const problem = find('rule-problem', HTMLElement)
  const panel = createMatchPanel(rest)
  const matches = createRuleMatches(rest, () => poll.again())
  let id = ''
  let match: string | undefined
  let isShown = ''
  let rule: Rule | undefined
  let stats: RuleStats | undefined
  const changed = (next: Rule): void => {
    if (next.id !== id) return
    showRule(next)
    poll.again()
  }
  const buttons = createRuleButtons(writer, problem, changed)
  find('rule-buttons', HTMLElement).append(...buttons.all)
  const versions = createRuleVersions(rest, writer, problem, changed)

  const poll = createPoll(POLL_MS, async (signal) => {
    try {
      const next = readOneRule(await rest.ask(`/api/v1/rules/${id}`, signal))
      if (signal.aborted) return
      showRule(next)
      const [newest, answer] = await Promise.all([
        matches.load(signal),
        rest.ask(`/api/v1/rules/${id}/stats`, signal),
        versions.show(next, signal),
        showMatch(signal),
      ])
      if (signal.aborted) return
      stats = readStats(answer)
      showFigures()
      // Until somebody chooses one, the newest of the first look.
      if (match === undefined && isShown === '' && newest !== undefined) {
        isShown = newest.id
        matches.mark(newest.id)
        panel.show(newest)
      }
    } catch (error) {
      if (signal.aborted || (rule !== undefined && !(error instanceof NotThere))) return
      parts.hidden = true
      empty.hidden = false
      write(
        empty,
        error instanceof NotThere
          ? `There is no rule ${id}, or not any more.`
          : 'The rule could not be loaded; trying again.',
      )
    }
  })

  async function showMatch(signal: AbortSignal): Promise<void> {
    const wanted = match
    if (wanted === undefined || wanted === isShown) return
    try {
      const found = readOneMatch(await rest.ask(`/api/v1/matches/${wanted}`, signal))
      if (signal.aborted || wanted !== match) return
      isShown = wanted
      panel.show(found)
      find('match', HTMLElement).scrollIntoView({ block: 'nearest' })
    } catch (error) {
      if (error instanceof NotThere && !signal.aborted)
        write(problem, `The match ${wanted} is not stored, or not any more. They are kept for 30 days.`)
    }
  }

  function showRule(next: Rule): void {
    rule = next
    empty.hidden = true
    parts.hidden = false
    write(find('rule-name', HTMLElement), next.name)
    write(find('rule-state', HTMLElement), stateOf(next))
    find('rule', HTMLElement).dataset['rule'] = stateOf(next)
    write(find('rule-version', HTMLElement), String(next.activation.activeVersion ?? next.version))
    write(find('rule-severity', HTMLElement), next.severity)
    write(find('rule-sentence', HTMLElement), `${next.id}. ${stateSentence(next, now())}`)
    buttons.show(next)
  }

  function showFigures(): void {
    if (stats === undefined) return
    write(find('rule-hour', HTMLElement), stats.fired1h.toLocaleString('en'))
    write(find('rule-day', HTMLElement), stats.fired24h.toLocaleString('en'))
    const last = Number.isNaN(stats.lastFiredMs) ? 'never' : `${ageText(now() - stats.lastFiredMs)} ago`
    write(find('rule-last', HTMLElement), last)
  }

  function clear(): void {
    rule = undefined
    stats = undefined
    isShown = ''
    panel.close()
    versions.clear()
    write(problem, '')
    parts.hidden = true
    empty.hidden = false
    write(empty, 'Loading …')
    write(find('rule-name', HTMLElement), id)
    for (const name of ['state', 'version', 'severity', 'hour', 'day', 'last'])
      write(find(`rule-${name}`, HTMLElement), '–')
    write(find('rule-sentence', HTMLElement), '')
  }

  return {
    open(wanted, chosen) {
      match = chosen
      if (wanted === id) {
        matches.mark(match ?? isShown)
        return poll.again()
      }
      id = wanted
      clear()
      find('rule-edit', HTMLAnchorElement).href = addressOf({ view: 'editor', id })
      matches.open(id)
      matches.mark(match)
      poll.start()
    },
    close() {
      if (id === '') return
      id = ''
      poll.stop()
      clear()
    },
    refresh() {
      if (rule === undefined) return
      showRule(rule)
      showFigures()
    },
  }
}
