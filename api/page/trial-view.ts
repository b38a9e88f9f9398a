import { element, find, write } from './dom.ts'
import { dateText } from './format.ts'
import { keyText, namedText, phaseText, type Match } from './matches.ts'
import { readTrial, sidesText, type Miss, type Trial } from './trial.ts'
import type { Writer } from './writing.ts'

const HOUR_MS = 3_600_000
const TIMEOUT_MS = 90_000
const MOST_ROWS = 100

export type TrialView = {
  /** Tries a document on the last hour of a symbol's asset. */
  run(document: unknown, symbol: string): Promise<void>
  clear(): void
}

/** What a document would have done within the last hour: matches, what came near, what was never seen. */
export function createTrialView(writer: Writer, now: () => number): TrialView {
  const panel = find('trial', HTMLElement)
  const status = find('trial-status', HTMLElement)
  const parts = find('trial-parts', HTMLElement)
  let leaving = new AbortController()

  function show(trial: Trial): void {
    parts.hidden = false
    write(status, trial.summary)
    const list = (id: string, items: readonly HTMLElement[]): void => {
      find(id, HTMLElement).replaceChildren(...items)
      find(`${id}-part`, HTMLElement).hidden = items.length === 0
    }
    list(
      'trial-remarks',
      trial.remarks.map((one) => element('li', one)),
    )
    list('trial-matches', trial.matches.slice(0, MOST_ROWS).map(matchRow))
    list('trial-misses', trial.misses.slice(0, MOST_ROWS).map(missItem))
    const unseen = trial.conditions.filter(({ never }) => never !== '')
    list('trial-coverage', [
      ...unseen.map(({ text, never }) => {
        const item = element('li')
        item.append(element('code', text), ` ${never}`)
        return item
      }),
      ...trial.stepsNeverEntered.map((name) => element('li', `The step ${name} was never entered.`)),
    ])
    write(
      find('trial-seen', HTMLElement),
      trial.conditions.length === 0
        ? ''
        : `${trial.conditions.length - unseen.length} of ${trial.conditions.length} conditions were seen true and false.`,
    )
  }

  return {
    async run(document, symbol) {
      leaving.abort()
      leaving = new AbortController()
      const { signal } = leaving
      panel.hidden = false
      parts.hidden = true
      panel.dataset['trial'] = 'runs'
      write(status, `Reading the last hour of ${symbol} from the log …`)
      const to = now()
      const range = { symbol, from: new Date(to - HOUR_MS).toISOString(), to: new Date(to).toISOString() }
      const body = { rule: document, range }
      const request = { method: 'POST', path: '/api/v1/rules/test', body, timeoutMs: TIMEOUT_MS, signal } as const
      const outcome = await writer.ask(request)
      if (signal.aborted) return
      panel.dataset['trial'] = outcome.kind
      if (outcome.kind === 'done') show(readTrial(outcome.document))
      else if (outcome.kind === 'refused') write(status, outcome.sentence)
    },
    clear() {
      leaving.abort()
      panel.hidden = true
      delete panel.dataset['trial']
    },
  }
}

function matchRow(match: Match): HTMLElement {
  const row = element('tr')
  const head = element('th', dateText(match.atMs), 'text when')
  head.scope = 'row'
  const severity = element('td', match.severity, 'text severity')
  severity.dataset['severity'] = match.severity
  row.append(
    head,
    element('td', phaseText(match), 'text phase'),
    severity,
    element('td', keyText(match.key), 'text key'),
    element('td', namedText(match.fields), 'text fields'),
  )
  return row
}

function missItem({ atMs, key, lacks }: Miss): HTMLElement {
  const item = element('li')
  item.append(element('span', `${dateText(atMs)}, ${keyText(key)}: `, 'note'))
  for (const [index, lack] of lacks.entries()) {
    const sides = sidesText(lack)
    item.append(
      index === 0 ? '' : '; ',
      element('code', lack.text),
      ` ${lack.marginText}${sides === '' ? '' : ` (${sides})`}`,
    )
  }
  return item
}
