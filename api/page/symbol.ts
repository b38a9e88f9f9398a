import type { Chart } from './chart.ts'
import type { Line, Sample } from './documents.ts'
import { createCandlesView } from './candles-view.ts'
import { find, write } from './dom.ts'
import { fractionDigits, priceText, spreadText } from './format.ts'
import { candles, recent, tradesSince } from './history.ts'
import { createLadder } from './ladder.ts'
import { createLines } from './lines.ts'
import type { Price } from './messages.ts'
import { bestOf, type Side } from './order.ts'
import type { Rest } from './rest.ts'

const COLOURS = 6
/** How far back a poll for trades looks: the database has a trade some 50 ms after the WebSocket, mostly. */
const OVERLAP_MS = 10_000
const POLL_MS = 5000
/** As much as lets bid and ask be told apart; the rest is to the left. */
const SHOWN_S = 90

export type SymbolView = {
  open(symbol: string): void
  /** The server answers, again perhaps: what was missed meanwhile is asked for. */
  connected(): void
  /** It wants a key: nothing more is asked. */
  refused(): void
  close(): void
  /** Prices of all symbols, after each message. */
  apply(prices: readonly Price[]): void
  /** Each second. */
  refresh(prices: readonly Price[]): void
}

/** One symbol: its chart, and its exchanges in the order of their prices. */
export function createSymbolView(rest: Rest, now: () => number, sourceIsRecorded: () => boolean): SymbolView {
  const figure = find('chart', HTMLElement)
  const status = find('chart-status', HTMLElement)
  const indexes = new Map<string, number>()
  const colourIndexOf = (exchange: string): number => {
    if (!indexes.has(exchange)) indexes.set(exchange, indexes.size % COLOURS)
    return indexes.get(exchange) ?? 0
  }
  const ladder = createLadder(
    { body: find('order', HTMLTableSectionElement), note: find('order-held', HTMLElement) },
    colourIndexOf,
    () => show(),
  )
  const kinds = ['bid', 'ask', 'trade'].map((kind) => find(`show-${kind}`, HTMLInputElement))
  const hours = find('range-hours', HTMLInputElement)
  const bars = find('range-candles', HTMLInputElement)
  const choice = find('candle-choice', HTMLElement)
  const lineChoice = find('line-choice', HTMLElement)
  const bySide = find('by-ask', HTMLInputElement)
  let symbol = ''
  let chart: Chart | undefined
  let lines = createLines()
  let prices: readonly Price[] = []
  let isConnected = false
  let leaving = new AbortController()

  const isWanted = ({ exchange, line }: Line): boolean =>
    ladder.shown().has(exchange) &&
    (hours.checked ? line === 'close' : kinds.some(({ checked, id }) => checked && id === `show-${line}`))
  const show = (): void => {
    chart?.show(isWanted)
    figure.dataset['lines'] = lines
      .all()
      .filter(isWanted)
      .map(({ exchange, line }) => `${exchange} ${line}`)
      .toSorted()
      .join()
  }

  const take = (samples: readonly Sample[], isNew = false): void => {
    for (const { line, points, newest } of lines.take(samples)) {
      if (isNew && newest !== undefined) chart?.update(line, newest)
      else chart?.set(line, points)
    }
    for (const kind of ['bid', 'ask', 'trade', 'close'] as const) figure.dataset[kind] = String(lines.count(kind))
    show()
  }

  const digitsOf = (): number =>
    Math.max(...prices.flatMap(({ bid, ask }) => [fractionDigits(bid), fractionDigits(ask)]), 2)
  /** In a recording now is when its newest tick was. */
  const endMs = (): number => {
    const latest = Math.max(...prices.map(({ eventTimeMs }) => eventTimeMs))
    return sourceIsRecorded() && Number.isFinite(latest) ? latest + 1 : now()
  }
  const candlesView = createCandlesView(rest, endMs)

  async function load(): Promise<void> {
    leaving.abort()
    leaving = new AbortController()
    const { signal } = leaving
    const ask = { rest, symbol, signal }
    const end = endMs()
    choice.hidden = !bars.checked
    write(
      find('chart-note', HTMLElement),
      bars.checked
        ? 'Final candles with their volumes'
        : hours.checked
          ? 'Close of each minute'
          : 'Last of each second',
    )
    lineChoice.hidden = bars.checked
    candlesView.close()
    if (bars.checked) {
      chart?.remove()
      chart = undefined
      return candlesView.open(symbol, [...new Set(prices.map(({ exchange }) => exchange))], digitsOf())
    }
    write(status, 'Loading history …')
    figure.dataset['history'] = 'loading'
    try {
      const { openChart } = await import('./chart.ts')
      if (signal.aborted) return
      chart?.remove()
      lines = createLines()
      chart = openChart(find('canvas', HTMLElement), (exchange) => `--series-${colourIndexOf(exchange)}`, digitsOf())
      if (hours.checked) await candles(ask, end, (samples) => take(samples))
      else await recent(ask, end, (samples) => take(samples))
      chart.fit(hours.checked ? undefined : SHOWN_S)
      const isEmpty = lines.count(hours.checked ? 'close' : 'trade') + lines.count('bid') === 0
      write(status, isEmpty ? 'Nothing was stored in this range; new ticks will show here.' : '')
      figure.dataset['history'] = 'there'
      if (!hours.checked) await follow(ask, end, signal)
    } catch {
      if (signal.aborted) return
      figure.dataset['history'] = 'failed'
      write(status, 'The history could not be loaded. Live prices go on; trying again in 5 s.')
      setTimeout(() => void (signal.aborted ? undefined : load()), POLL_MS)
    }
  }

  /** The WebSocket has the last price only: which trades there were, and at unchanged prices too, the database knows. */
  async function follow(ask: Parameters<typeof tradesSince>[0], start: number, signal: AbortSignal): Promise<void> {
    if (sourceIsRecorded()) return
    for (let from = start; !signal.aborted;) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      if (signal.aborted) return
      const asked = now()
      if (!document.hidden) await tradesSince(ask, from - OVERLAP_MS, (samples) => take(samples)).catch(() => undefined)
      from = asked
    }
  }

  function showBest(): void {
    const { bid, ask, spreadBps } = bestOf(prices)
    const digits = Math.max(0, ...prices.map((price) => Math.max(fractionDigits(price.bid), fractionDigits(price.ask))))
    write(find('best-bid', HTMLElement), priceText(bid?.bid, digits))
    write(find('best-bid-at', HTMLElement), bid?.exchange ?? '')
    write(find('best-ask', HTMLElement), priceText(ask?.ask, digits))
    write(find('best-ask-at', HTMLElement), ask?.exchange ?? '')
    const isCrossed = spreadBps !== undefined && spreadBps < 0
    write(find('best-spread', HTMLElement), spreadBps === undefined ? '–' : `${spreadText(Math.abs(spreadBps))} bps`)
    write(find('best-crossed', HTMLElement), isCrossed ? 'Crossed by' : 'Apart by')
    find('symbol-empty', HTMLElement).hidden = prices.length > 0
  }

  const side = (): Side => (bySide.checked ? 'ask' : 'bid')
  const render = (): void => {
    ladder.show(prices, side(), now())
    showBest()
  }
  const isOwn = (price: Price): boolean => price.symbol === symbol
  /** Colours by name: the same each time, whatever the order of the prices. */
  const keep = (all: readonly Price[]): void => {
    prices = all.filter(isOwn)
    for (const { exchange } of prices.toSorted((a, b) => (a.exchange < b.exchange ? -1 : 1))) colourIndexOf(exchange)
  }
  for (const box of kinds) box.addEventListener('change', show)
  for (const id of ['by-bid', 'by-ask']) find(id, HTMLInputElement).addEventListener('change', render)
  for (const id of ['range-hours', 'range-minutes', 'range-candles'])
    find(id, HTMLInputElement).addEventListener('change', () => void load())

  return {
    open(wanted) {
      symbol = wanted
      prices = []
      indexes.clear()
      write(find('symbol-name', HTMLElement), symbol)
      if (isConnected) void Promise.resolve().then(load)
    },
    connected() {
      isConnected = true
      if (symbol !== '') void load()
    },
    refused() {
      isConnected = false
      leaving.abort()
      candlesView.close()
    },
    close() {
      leaving.abort()
      candlesView.close()
      chart?.remove()
      chart = undefined
      symbol = ''
    },
    apply(all) {
      if (symbol === '') return
      const before = prices
      keep(all)
      const samples = prices.flatMap((price): readonly Sample[] => {
        const known = before.find(({ exchange }) => exchange === price.exchange)
        const time = Math.floor(price.eventTimeMs / 1000)
        const at = (line: Sample['line'], text: string | undefined): readonly Sample[] =>
          text === undefined ? [] : [{ exchange: price.exchange, line, time, value: Number(text) }]
        return [
          ...(price.ticks === known?.ticks ? [] : [...at('bid', price.bid), ...at('ask', price.ask)]),
          ...(known === undefined || price.last === known.last ? [] : at('trade', price.last)),
        ]
      })
      if (!hours.checked && !bars.checked && chart !== undefined && samples.length > 0) take(samples, true)
      render()
    },
    refresh(all) {
      if (symbol === '') return
      keep(all)
      render()
    },
  }
}
