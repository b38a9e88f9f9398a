import { element, find, write } from './dom.ts'
import type { Held } from './evidence.ts'
import { windowOf } from './evidence.ts'
import type { EvidenceChart } from './evidence-chart.ts'
import { ageText, dateText, durationText, fractionDigits, priceText } from './format.ts'
import { addressOf } from './place.ts'
import type { Rest } from './rest.ts'
import { readHeldQuotes } from './held-quotes.ts'
import {
  ENDINGS,
  amountText,
  bpsText,
  nameOf,
  readSignalDetail,
  routeOf,
  type Leg,
  type Signal,
  type SignalMessage,
  type SignalRecord,
} from './signals.ts'

const AGAIN_MS = 2000
const PAGES = 4

export type SignalView = {
  open(id: string): void
  close(): void
  apply(message: SignalMessage): void
  /** Each second. */
  refresh(): void
}

/** One opportunity: its figures, the quotes behind it, and its life drawn on the prices of both legs. */
export function createSignalView(rest: Rest, now: () => number): SignalView {
  const empty = find('signal-empty', HTMLElement)
  const figure = find('evidence', HTMLElement)
  let id = ''
  let chart: EvidenceChart | undefined
  let leaving = new AbortController()
  let timer = 0
  let signal: Signal | undefined

  async function load(): Promise<void> {
    leaving.abort()
    leaving = new AbortController()
    const { signal: aborted } = leaving
    try {
      const detail = readSignalDetail(await rest.ask(`/api/v1/signals/${id}`, aborted))
      if (aborted.aborted) return
      signal = detail.signal
      showFigures()
      showLegs(detail.signal)
      await draw(detail.signal, detail.records, aborted)
      figure.dataset['history'] = 'there'
      figure.dataset['records'] = String(detail.records.length)
    } catch {
      if (aborted.aborted) return
      if (signal === undefined)
        write(empty, 'This opportunity is not stored, or not any more. They are kept for 30 days.')
      empty.hidden = signal !== undefined
    }
  }

  async function draw(one: Signal, records: readonly SignalRecord[], aborted: AbortSignal): Promise<void> {
    const endMs = one.isOpen ? now() : one.closedAtMs || one.updatedAtMs
    const { fromMs, toMs } = windowOf(one.openedAtMs, endMs)
    const legs = await Promise.all(
      one.legs.map(async (leg) => ({
        name: `${leg.exchange} ${leg.side === 'BUY' ? 'ask' : 'bid'}`,
        prices: await quotesOf(leg),
      })),
    )
    async function quotesOf(leg: Leg): Promise<readonly Held[]> {
      const side = leg.side === 'BUY' ? 'ask' : 'bid'
      const query = {
        symbol: leg.symbol,
        exchange: leg.exchange,
        // The quote that stood at the left edge is older than it.
        from: new Date(fromMs - 10_000).toISOString(),
        to: new Date(toMs).toISOString(),
      }
      const { documents } = await rest.pages('/api/v1/quotes', query, PAGES, aborted)
      const evidence = { atMs: leg.quoteTimeMs, value: Number(side === 'ask' ? leg.ask : leg.bid) }
      return [evidence, ...documents.flatMap((document) => readHeldQuotes(document, side))]
    }
    const { openEvidenceChart } = await import('./evidence-chart.ts')
    if (aborted.aborted) return
    const digits = Math.max(2, ...one.legs.map(({ price }) => fractionDigits(price)))
    chart ??= openEvidenceChart(find('evidence-canvas', HTMLElement), digits)
    const closedAtMs = one.isOpen ? undefined : endMs
    const edges = records.map(({ atMs, edgeBps: value }) => ({ atMs, value }))
    chart.show({ openedAtMs: one.openedAtMs, closedAtMs, endMs, legs, edges })
    figure.dataset['points'] = legs.map(({ prices }) => prices.length).join()
  }

  function showFigures(): void {
    if (signal === undefined) return
    const { isOpen, openedAtMs, durationMs, reason } = signal
    empty.hidden = true
    write(find('signal-name', HTMLElement), `${nameOf(signal)}: ${routeOf(signal)}`)
    write(find('signal-edge', HTMLElement), `${bpsText(signal.edgeBps)} bps`)
    write(find('signal-peak', HTMLElement), `${bpsText(signal.peakBps)} bps`)
    write(find('signal-size', HTMLElement), `${amountText(signal.size)} ${signal.base}`)
    write(find('signal-profit', HTMLElement), `${amountText(signal.peakProfit, 3)} ${signal.numeraire}`)
    write(find('signal-lasts', HTMLElement), isOpen ? ageText(now() - openedAtMs) : durationText(durationMs))
    const ended = ENDINGS[reason ?? ''] ?? 'time over'
    write(
      find('signal-state', HTMLElement),
      `${signal.feed}, opened ${dateText(openedAtMs)} UTC, ${isOpen ? 'open' : `ended: ${ended}`}`,
    )
  }

  function showLegs(one: Signal): void {
    find('signal-legs', HTMLTableSectionElement).replaceChildren(...one.legs.map(legRow))
    const survivals = one.executableAfter.map(({ delayMs, edgeBps, executable }) => {
      const item = element('li')
      const verdict = executable === undefined ? 'cut before' : executable ? 'yes' : 'no'
      const edge = edgeBps === undefined ? '' : `, ${bpsText(edgeBps)} bps`
      item.append(element('span', `after ${durationText(delayMs)}`), ' ', element('strong', `${verdict}${edge}`))
      return item
    })
    find('signal-survival', HTMLElement).replaceChildren(...survivals)
    find('survival', HTMLElement).hidden = survivals.length === 0
  }

  return {
    open(wanted) {
      id = wanted
      signal = undefined
      empty.hidden = false
      write(empty, 'Loading …')
      write(find('signal-name', HTMLElement), 'Opportunity')
      write(find('signal-state', HTMLElement), '')
      for (const name of ['edge', 'peak', 'size', 'profit', 'lasts']) write(find(`signal-${name}`, HTMLElement), '–')
      find('signal-legs', HTMLTableSectionElement).replaceChildren()
      find('survival', HTMLElement).hidden = true
      delete figure.dataset['history']
      void load()
    },
    close() {
      id = ''
      leaving.abort()
      clearTimeout(timer)
      timer = 0
      chart?.remove()
      chart = undefined
    },
    apply({ signals }) {
      const next = signals.find((one) => one.id === id)
      if (id === '' || next === undefined) return
      signal = next
      showFigures()
      // Its records come by way of the database: a moment later, and not each of them.
      timer ||= setTimeout(() => {
        timer = 0
        if (id !== '') void load()
      }, AGAIN_MS)
    },
    refresh() {
      if (id !== '' && signal?.isOpen === true) showFigures()
    },
  }
}

function legRow(leg: Leg): HTMLElement {
  const row = element('tr')
  const digits = Math.max(fractionDigits(leg.bid), fractionDigits(leg.ask), fractionDigits(leg.price))
  const head = element('th', '', 'text what')
  head.scope = 'row'
  const link = element('a', leg.symbol)
  link.href = addressOf({ view: 'symbol', symbol: leg.symbol })
  link.dataset['place'] = ''
  head.append(element('span', leg.side === 'BUY' ? 'Buy ' : 'Sell '), link)
  const cells: readonly (readonly [string, string, string])[] = [
    ['text exchange', '', leg.exchange],
    ['price', 'at', priceText(leg.price, digits)],
    ['size', 'size', amountText(leg.size)],
    ['fee', 'fee', leg.feeBps === undefined ? '–' : `${leg.feeBps} bps`],
    ['quote', 'quote', `${priceText(leg.bid, digits)} / ${priceText(leg.ask, digits)}`],
    ['ages', 'age', durationText(leg.quoteAgeMs)],
    ['place', 'log', `${leg.partition ?? '–'} : ${leg.offset ?? '–'}`],
  ]
  row.append(head)
  for (const [name, label, text] of cells) {
    const cell = element('td', text, name)
    if (label !== '') cell.dataset['label'] = label
    row.append(cell)
  }
  return row
}
