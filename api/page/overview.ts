import { find, write } from './dom.ts'
import { readEndings, readExchanges, readGaps, readPushLatency } from './documents.ts'
import { durationText, rateText } from './format.ts'
import type { Rest } from './rest.ts'
import { showExchanges } from './strip.ts'
import type { PriceTable } from './table.ts'
import { createTimeline } from './timeline.ts'

const POLL_MS = 3000
const HOUR_MS = 3_600_000
const GAPS_EVERY = 4
const GAP_PAGES = 5

export type Overview = {
  /** Each second: figures. */
  refresh(): void
  /** All of it at once: something else is looked at. */
  again(): void
}

/** What is asked for every few seconds: exchanges, latency, gaps. A failed poll leaves what is shown. */
export function startOverview(deps: {
  readonly rest: Rest
  readonly table: PriceTable
  readonly now: () => number
  readonly symbol: () => string | undefined
}): Overview {
  const { rest, table, now, symbol } = deps
  const root = document.documentElement
  const timeline = createTimeline(
    find('lanes', HTMLElement),
    find('losses', HTMLTableSectionElement),
    find('gaps-summary', HTMLElement),
  )
  let round = 0

  async function pollFigures(): Promise<void> {
    const [exchanges, latency] = await Promise.all([rest.ask('/api/v1/exchanges'), rest.ask('/api/v1/latency')])
    showExchanges(find('exchanges', HTMLElement), readExchanges(exchanges), table.ratesByExchange())
    const { p50Ms, p99Ms } = readPushLatency(latency)
    write(find('figure-p50', HTMLElement), durationText(p50Ms))
    write(find('figure-p99', HTMLElement), durationText(p99Ms))
  }

  async function pollGaps(): Promise<void> {
    const wanted = symbol()
    const end = now()
    const query = {
      from: new Date(end - HOUR_MS).toISOString(),
      ...(wanted === undefined ? {} : { symbol: wanted }),
    }
    const [{ documents }, events] = await Promise.all([
      rest.pages('/api/v1/gaps', query, GAP_PAGES),
      rest.pages('/api/v1/events', { from: query.from, kind: 'DISCONNECTED' }, GAP_PAGES),
    ])
    if (wanted !== symbol()) return
    const prices = table.prices().filter((price) => wanted === undefined || price.symbol === wanted)
    const exchanges = new Set(prices.map(({ exchange }) => exchange))
    const rows = documents.flatMap(readGaps)
    timeline.show(
      wanted === undefined ? rows : rows.filter(({ exchange }) => exchanges.has(exchange)),
      events.documents.flatMap(readEndings),
      [...exchanges],
      end,
    )
  }

  async function poll(): Promise<void> {
    if (root.dataset['connection'] !== 'open' || root.dataset['ready'] === undefined || document.hidden) return
    if (root.dataset['view'] === 'overview') await pollFigures().catch(() => undefined)
    if (round++ % GAPS_EVERY === 0) await pollGaps().catch(() => timeline.failed())
  }

  /** One poll after the other. */
  async function pollForever(): Promise<void> {
    for (;;) {
      await poll()
      await new Promise((resolve) => setTimeout(resolve, round === 0 ? 100 : POLL_MS))
    }
  }
  void pollForever()

  return {
    refresh() {
      const { ticksPerSecond, up, prices } = table.totals()
      write(find('figure-rate', HTMLElement), rateText(ticksPerSecond))
      write(find('figure-prices', HTMLElement), `${up} of ${prices}`)
    },
    again() {
      if (round === 0 || root.dataset['connection'] !== 'open') return
      if (root.dataset['view'] === 'overview') void pollFigures().catch(() => undefined)
      void pollGaps().catch(() => timeline.failed())
    },
  }
}
