import { readBars } from './bars.ts'
import { element, find, write } from './dom.ts'
import { dateText } from './format.ts'
import { byMinutes, legible, marksOf, windowOfMatch, withPauses, type MatchWindow } from './match-window.ts'
import type { MatchChart } from './match-chart.ts'
import { keyText, phaseText, toldText, type Match, type Named } from './matches.ts'
import type { Rest } from './rest.ts'

const PAGES = 3

export type MatchPanel = { show(match: Match): void; close(): void }

/** One match: what it tells, the prices around it with its evidence, and the records it rests on. */
export function createMatchPanel(rest: Rest): MatchPanel {
  const panel = find('match', HTMLElement)
  const figure = find('match-chart', HTMLElement)
  const none = find('match-no-chart', HTMLElement)
  const evidencePart = find('match-evidence-part', HTMLElement)
  const inputsPart = find('match-inputs-part', HTMLElement)
  let id = ''
  let chart: MatchChart | undefined
  let leaving = new AbortController()

  const barsOf = async ({ symbol, exchange, interval, fromMs, toMs }: MatchWindow, signal: AbortSignal) => {
    const query = {
      symbol,
      exchange,
      interval,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
    }
    const { documents } = await rest.pages('/api/v1/candles', query, PAGES, signal)
    return documents.flatMap(readBars)
  }

  async function draw(match: Match, signal: AbortSignal): Promise<void> {
    const window = windowOfMatch(match)
    if (window === undefined) return without('This match is about no symbol, so there is no price to draw.')
    let used = window
    let bars = await barsOf(window, signal)
    if (bars.length === 0) {
      used = byMinutes(window)
      bars = await barsOf(used, signal)
    }
    const { openMatchChart } = await import('./match-chart.ts')
    if (signal.aborted) return
    if (bars.length === 0) return without(`No candles of ${window.symbol} are stored for this time.`)
    figure.hidden = false
    chart = openMatchChart(find('match-canvas', HTMLElement), digitsOf(bars.map(({ close }) => close)))
    const marks = marksOf(
      match,
      bars.map(({ time }) => time),
      window.symbol,
    )
    const seconds = (bars.at(-1)?.time ?? 0) - (bars[0]?.time ?? 0)
    chart.show(withPauses(bars, used.interval), legible(marks, seconds))
    const where = used.exchange === '*' ? 'all exchanges together' : used.exchange
    const each = used.interval === '1s' ? 'a second' : 'a minute'
    write(
      find('match-caption', HTMLElement),
      `${used.symbol}, ${where}, candles of ${each}; circles: evidence, arrow: the match. Times in UTC.`,
    )
    figure.dataset['marks'] = marks.map(({ kind, text }) => `${kind} ${text}`).join('; ')
    panel.dataset['chart'] = 'there'
  }

  function without(why: string): void {
    none.hidden = false
    write(none, why)
    panel.dataset['chart'] = 'none'
  }

  function clear(): void {
    leaving.abort()
    chart?.remove()
    chart = undefined
    figure.hidden = true
    none.hidden = true
    delete panel.dataset['chart']
  }

  return {
    show(match) {
      if (match.id === id) return
      clear()
      id = match.id
      panel.hidden = false
      panel.dataset['match'] = id
      const feed = match.feed === 'LIVE' ? '' : `${match.feed}, `
      const shadow = match.isShadow ? 'in the shadow, ' : ''
      const held = match.suppressed === 0 ? '' : `, ${match.suppressed} held back before it`
      write(
        find('match-title', HTMLElement),
        `${match.type} ${phaseText(match)}${match.key.length === 0 ? '' : `: ${keyText(match.key)}`}`,
      )
      write(
        find('match-note', HTMLElement),
        `${feed}${shadow}${match.severity}, ${dateText(match.atMs)} UTC, version ${match.version}${held}`,
      )
      showNamed(find('match-fields', HTMLElement), match.fields)
      showNamed(find('match-inputs', HTMLElement), match.inputs)
      inputsPart.hidden = match.inputs.length === 0
      evidencePart.hidden = match.evidence.length === 0
      find('match-evidence', HTMLTableSectionElement).replaceChildren(...match.evidence.map(recordRow))
      leaving = new AbortController()
      const { signal } = leaving
      draw(match, signal).catch(() => {
        if (!signal.aborted) without('The prices could not be loaded; look at this match again.')
      })
    },
    close() {
      clear()
      id = ''
      panel.hidden = true
    },
  }
}

/** As many as the prices have, at most eight. */
function digitsOf(prices: readonly number[]): number {
  const digits = prices.map((price) => String(price).split('.')[1]?.length ?? 0)
  return Math.min(8, Math.max(0, ...digits))
}

function showNamed(list: HTMLElement, named: Named): void {
  list.hidden = named.length === 0
  list.replaceChildren(
    ...named.map(([name, value]) => {
      const pair = element('div')
      pair.append(element('dt', name), element('dd', toldText(value)))
      return pair
    }),
  )
}

function recordRow({ stream, exchange, symbol, atMs, partition, offset }: Match['evidence'][number]): HTMLElement {
  const row = element('tr')
  const head = element('th', stream, 'text')
  head.scope = 'row'
  row.append(head)
  const time = Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(5, 23).replace('T', ' ') : '–'
  const cells: readonly (readonly [string, string, string])[] = [
    ['text exchange', '', exchange ?? '–'],
    ['text', '', symbol ?? '–'],
    ['when', 'at', time],
    ['place', 'log', `${partition ?? '–'} : ${offset ?? '–'}`],
  ]
  for (const [name, label, text] of cells) {
    const cell = element('td', text, name)
    if (label !== '') cell.dataset['label'] = label
    row.append(cell)
  }
  return row
}
