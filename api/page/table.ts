import { arrange } from './dom.ts'
import type { Message, Price } from './messages.ts'
import { createRow, type Row } from './row.ts'

export type PriceTable = {
  apply(message: Message): void
  /** Each second: ages and rates. */
  refresh(nowMs: number): void
  filter(text: string): void
  /** Whether the filter lets nothing through although there are prices. */
  isFilteredOut(): boolean
  prices(): readonly Price[]
  ratesByExchange(): ReadonlyMap<string, number>
  totals(): { readonly ticksPerSecond: number; readonly up: number; readonly prices: number }
}

const keyOf = ({ symbol, exchange }: Price): string => `${symbol} ${exchange}`

/** The table of prices, sorted by symbol and exchange. Owns its rows. */
export function createTable(body: HTMLTableSectionElement): PriceTable {
  const rows = new Map<string, Row>()
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  let wanted: readonly string[] = []

  const shown = (price: Price): boolean => wanted.every((word) => keyOf(price).toLowerCase().includes(word))
  const sorted = (): readonly Row[] => [...rows.keys()].toSorted().flatMap((key) => rows.get(key) ?? [])

  function insert(price: Price): Row {
    const row = createRow(price, () => calm.matches)
    rows.set(keyOf(price), row)
    row.element.hidden = !shown(price)
    return row
  }

  /** Places new rows and marks each symbol's first visible one, which alone shows the symbol's name. */
  function order(): void {
    let before = ''
    const all = sorted()
    arrange(
      body,
      all.map((row) => row.element),
    )
    for (const row of all) {
      if (row.element.hidden) continue
      row.element.classList.toggle('first', row.price().symbol !== before)
      before = row.price().symbol
    }
  }

  /** Underlines the best bid and ask where more than one exchange trades the symbol. */
  function markBest(symbols: ReadonlySet<string>): void {
    for (const symbol of symbols) {
      const own = [...rows.values()].filter((row) => row.price().symbol === symbol)
      const peers = own.map((row) => row.price()).filter(({ state }) => state === 'up')
      const bids = peers.flatMap(({ bid }) => (bid === undefined ? [] : [Number(bid)]))
      const asks = peers.flatMap(({ ask }) => (ask === undefined ? [] : [Number(ask)]))
      for (const row of own) {
        const { bid, ask, state } = row.price()
        const counts = state === 'up' && peers.length > 1
        row.markBest(counts && Number(bid) === Math.max(...bids), counts && Number(ask) === Math.min(...asks))
      }
    }
  }

  return {
    apply({ type, prices, timeMs }) {
      const keys = new Set(prices.map(keyOf))
      let isNew = false
      if (type === 'snapshot') {
        for (const [key, row] of rows) {
          if (keys.has(key)) continue
          row.element.remove()
          rows.delete(key)
        }
      }
      for (const price of prices) {
        const known = rows.get(keyOf(price))
        isNew ||= known === undefined
        const row = known ?? insert(price)
        row.show(price, timeMs)
      }
      if (isNew) order()
      markBest(new Set(prices.map(({ symbol }) => symbol)))
    },
    refresh(nowMs) {
      for (const row of rows.values()) row.refresh(nowMs)
    },
    filter(text) {
      wanted = text.toLowerCase().split(/\s+/)
      for (const row of rows.values()) row.element.hidden = !shown(row.price())
      order()
    },
    isFilteredOut: () => rows.size > 0 && [...rows.values()].every((row) => row.element.hidden),
    prices: () => [...rows.values()].map((row) => row.price()),
    ratesByExchange() {
      const rates = new Map<string, number>()
      for (const row of rows.values()) {
        const { exchange } = row.price()
        rates.set(exchange, (rates.get(exchange) ?? 0) + row.ticksPerSecond())
      }
      return rates
    },
    totals() {
      const all = [...rows.values()]
      return {
        ticksPerSecond: all.reduce((sum, row) => sum + row.ticksPerSecond(), 0),
        up: all.filter((row) => row.price().state === 'up').length,
        prices: all.length,
      }
    },
  }
}
