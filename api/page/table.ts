import { ageText, durationText, fractionDigits, priceText, rateText, spreadText } from './format.ts'
import type { Message, Price } from './messages.ts'

/** Seconds over which a row's tick rate is taken. */
const RATE_SECONDS = 5
/** A cell does not flash again while it still glows. */
const FLASH_MS = 500

export type PriceTable = {
  apply(message: Message): void
  /** Each second: ages and rates. */
  refresh(nowMs: number): void
  filter(text: string): void
  ratesByExchange(): ReadonlyMap<string, number>
  totals(): { readonly ticksPerSecond: number; readonly up: number; readonly prices: number }
}

type Cells = Readonly<
  Record<'symbol' | 'exchange' | 'last' | 'bid' | 'ask' | 'spread' | 'age' | 'rate' | 'latency' | 'state', HTMLElement>
>
type Row = {
  price: Price
  readonly element: HTMLTableRowElement
  readonly cells: Cells
  readonly counts: number[]
  readonly flashedAt: Map<HTMLElement, number>
  digits: number
  ticksPerSecond: number
}

/** The table of prices, sorted by symbol and exchange. Owns its rows; touches only the cells that change. */
export function createTable(body: HTMLTableSectionElement): PriceTable {
  const rows = new Map<string, Row>()
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  let wanted: readonly string[] = []

  const keyOf = ({ symbol, exchange }: Price): string => `${symbol} ${exchange}`
  const shown = (price: Price): boolean => wanted.every((word) => keyOf(price).toLowerCase().includes(word))
  const sorted = (): readonly Row[] => [...rows.keys()].toSorted().flatMap((key) => rows.get(key) ?? [])

  function insert(price: Price): Row {
    const element = document.createElement('tr')
    element.dataset['symbol'] = price.symbol
    element.dataset['exchange'] = price.exchange
    const cells = createCells(element, price)
    const row: Row = {
      price,
      element,
      cells,
      counts: [price.ticks],
      flashedAt: new Map(),
      digits: 0,
      ticksPerSecond: 0,
    }
    rows.set(keyOf(price), row)
    element.hidden = !shown(price)
    return row
  }

  /** Places new rows and marks each symbol's first visible one, which alone shows the symbol's name. */
  function arrange(): void {
    let before = ''
    const order = sorted()
    for (const [index, { element, price }] of order.entries()) {
      if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null)
      if (element.hidden) continue
      element.classList.toggle('first', price.symbol !== before)
      before = price.symbol
    }
  }

  function flash(row: Row, cell: HTMLElement, rises: boolean): void {
    const now = performance.now()
    if (calm.matches || now - (row.flashedAt.get(cell) ?? -FLASH_MS) < FLASH_MS) return
    row.flashedAt.set(cell, now)
    const colour = rises ? 'var(--rise-flash)' : 'var(--fall-flash)'
    cell.animate([{ backgroundColor: colour }, { backgroundColor: 'transparent' }], {
      duration: 700,
      easing: 'ease-out',
    })
  }

  function show(row: Row, next: Price, timeMs: number): void {
    const before = row.price
    row.price = next
    const digits = Math.max(row.digits, fractionDigits(next.last), fractionDigits(next.bid), fractionDigits(next.ask))
    for (const field of ['last', 'bid', 'ask'] as const) {
      const cell = row.cells[field]
      if (next[field] !== before[field] || digits !== row.digits || cell.textContent === '') {
        cell.textContent = priceText(next[field], digits)
        cell.dataset['value'] = next[field] ?? ''
      }
      if (next[field] !== before[field] && before[field] !== undefined)
        flash(row, cell, Number(next[field]) > Number(before[field]))
    }
    row.digits = digits
    row.cells.spread.textContent = spreadText(next.spreadBps)
    // A row that only lost its session has no new frame, so no latency either.
    if (next.ticks !== before.ticks) row.cells.latency.textContent = durationText(timeMs - next.receiveTimeMs)
    if (row.element.dataset['state'] === next.state) return
    row.element.dataset['state'] = next.state
    row.cells.state.lastChild?.replaceWith(next.state)
  }

  /** Underlines the best bid and ask where more than one exchange trades the symbol. */
  function markBest(symbols: ReadonlySet<string>): void {
    for (const symbol of symbols) {
      const peers = [...rows.values()].filter(({ price }) => price.symbol === symbol && price.state === 'up')
      const bids = peers.flatMap(({ price: { bid } }) => (bid === undefined ? [] : [Number(bid)]))
      const asks = peers.flatMap(({ price: { ask } }) => (ask === undefined ? [] : [Number(ask)]))
      for (const { price, cells } of rows.values()) {
        if (price.symbol !== symbol) continue
        const counts = price.state === 'up' && peers.length > 1
        cells.bid.classList.toggle('best', counts && Number(price.bid) === Math.max(...bids))
        cells.ask.classList.toggle('best', counts && Number(price.ask) === Math.min(...asks))
      }
    }
  }

  return {
    apply({ type, prices, timeMs }) {
      const keys = new Set(prices.map(keyOf))
      let isNew = false
      if (type === 'snapshot') {
        for (const [key, { element }] of rows) {
          if (keys.has(key)) continue
          element.remove()
          rows.delete(key)
        }
      }
      for (const price of prices) {
        const known = rows.get(keyOf(price))
        isNew ||= known === undefined
        show(known ?? insert(price), price, timeMs)
      }
      if (isNew) arrange()
      markBest(new Set(prices.map(({ symbol }) => symbol)))
    },
    refresh(nowMs) {
      for (const row of rows.values()) {
        row.counts.push(row.price.ticks)
        if (row.counts.length > RATE_SECONDS + 1) row.counts.shift()
        const oldest = row.counts[0] ?? row.price.ticks
        row.ticksPerSecond = Math.max(0, row.price.ticks - oldest) / Math.max(1, row.counts.length - 1)
        row.cells.rate.textContent = rateText(row.ticksPerSecond)
        row.cells.age.textContent = ageText(nowMs - row.price.receiveTimeMs)
      }
    },
    filter(text) {
      wanted = text.toLowerCase().split(/\s+/)
      for (const { price, element } of rows.values()) element.hidden = !shown(price)
      arrange()
    },
    ratesByExchange() {
      const rates = new Map<string, number>()
      for (const { price, ticksPerSecond } of rows.values())
        rates.set(price.exchange, (rates.get(price.exchange) ?? 0) + ticksPerSecond)
      return rates
    },
    totals() {
      const all = [...rows.values()]
      return {
        ticksPerSecond: all.reduce((sum, { ticksPerSecond }) => sum + ticksPerSecond, 0),
        up: all.filter(({ price }) => price.state === 'up').length,
        prices: all.length,
      }
    },
  }
}

function createCells(row: HTMLTableRowElement, { symbol, exchange }: Price): Cells {
  const cell = (name: string, label = ''): HTMLTableCellElement => {
    const made = row.insertCell()
    made.className = name
    if (label !== '') made.dataset['label'] = label
    return made
  }
  const head = document.createElement('th')
  head.scope = 'row'
  head.className = 'text'
  const name = document.createElement('span')
  name.className = 'symbol'
  name.textContent = symbol
  head.append(name)
  row.append(head)
  const cells: Cells = {
    symbol: head,
    exchange: cell('exchange text'),
    last: cell('last'),
    bid: cell('bid', 'bid'),
    ask: cell('ask', 'ask'),
    spread: cell('spread', 'bps'),
    age: cell('age', 'age'),
    rate: cell('rate'),
    latency: cell('latency', 'latency'),
    state: cell('state text'),
  }
  cells.exchange.textContent = exchange
  cells.latency.textContent = '–'
  const dot = document.createElement('span')
  dot.className = 'dot'
  cells.state.append(dot, 'down')
  return cells
}
