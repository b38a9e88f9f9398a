import { barsSince, readBars, type Bar } from './bars.ts'
import type { CandleChart } from './candle-chart.ts'
import { find, write } from './dom.ts'
import type { Rest } from './rest.ts'

const POLL_MS = 5000

export type CandlesView = {
  /** Draws candles of a symbol until it is closed; the exchanges are those to choose from. */
  open(symbol: string, exchanges: readonly string[], digits: number): void
  close(): void
}

/** Candlesticks of one exchange or of all together, by the interval that is chosen; fresh ones as they are stored. */
export function createCandlesView(rest: Rest, end: () => number): CandlesView {
  const figure = find('chart', HTMLElement)
  const status = find('chart-status', HTMLElement)
  const interval = find('candle-interval', HTMLSelectElement)
  const exchange = find('candle-exchange', HTMLSelectElement)
  let symbol = ''
  let digits = 2
  let chart: CandleChart | undefined
  let leaving = new AbortController()

  async function load(signal: AbortSignal): Promise<void> {
    const endMs = end()
    const query = {
      symbol,
      interval: interval.value,
      exchange: exchange.value,
      from: new Date(barsSince(interval.value, endMs)).toISOString(),
      to: new Date(endMs).toISOString(),
    }
    const { documents } = await rest.pages('/api/v1/candles', query, 2, signal)
    const { openCandleChart } = await import('./candle-chart.ts')
    if (signal.aborted) return
    const bars: readonly Bar[] = documents.flatMap(readBars)
    chart ??= openCandleChart(find('canvas', HTMLElement), digits)
    chart.show(bars, interval.value === '1d')
    figure.dataset['candles'] = String(bars.length)
    figure.dataset['history'] = 'there'
    write(status, bars.length === 0 ? 'No candle of this length was stored in this range.' : '')
  }

  async function follow(): Promise<void> {
    leaving.abort()
    leaving = new AbortController()
    const { signal } = leaving
    chart?.remove()
    chart = undefined
    figure.dataset['history'] = 'loading'
    write(status, 'Loading candles …')
    while (!signal.aborted) {
      if (!document.hidden)
        await load(signal).catch(() => {
          if (!signal.aborted) write(status, 'The candles could not be loaded; trying again.')
        })
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
  for (const select of [interval, exchange]) select.addEventListener('change', () => void (symbol !== '' && follow()))

  return {
    open(wanted, exchanges, fractionDigits) {
      symbol = wanted
      digits = fractionDigits
      const chosen = exchange.value
      exchange.replaceChildren(
        new Option('all together', '*'),
        ...exchanges.toSorted().map((name) => new Option(name, name)),
      )
      exchange.value = exchanges.includes(chosen) ? chosen : '*'
      void follow()
    },
    close() {
      symbol = ''
      leaving.abort()
      chart?.remove()
      chart = undefined
    },
  }
}
