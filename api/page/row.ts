import { addressOf } from './place.ts'
import { ageText, durationText, fractionDigits, priceText, rateText, spreadText } from './format.ts'
import { element, write } from './dom.ts'
import type { Price } from './messages.ts'

/** Seconds over which a row's tick rate is taken. */
const RATE_SECONDS = 5
/** A cell does not flash again while it still glows. */
const FLASH_MS = 500
/** A price that nobody touched for so long is marked: confirmed, but old. */
const QUIET_MS = 60_000

/** One symbol on one exchange in the overview. Owns its element; touches only the cells that change. */
export type Row = {
  readonly element: HTMLTableRowElement
  price(): Price
  ticksPerSecond(): number
  show(next: Price, timeMs: number): void
  /** Each second: age and rate. */
  refresh(nowMs: number): void
  markBest(bid: boolean, ask: boolean): void
}

export function createRow(first: Price, isCalm: () => boolean): Row {
  const row = element('tr')
  row.dataset['symbol'] = first.symbol
  row.dataset['exchange'] = first.exchange
  const cell = (name: string, label = ''): HTMLTableCellElement => {
    const made = row.insertCell()
    made.className = name
    if (label !== '') made.dataset['label'] = label
    return made
  }
  const head = element('th', '', 'text')
  head.scope = 'row'
  const link = element('a', first.symbol, 'symbol')
  link.href = addressOf({ view: 'symbol', symbol: first.symbol })
  // One row at a time is a stop of the tab key; the arrow keys go from row to row.
  link.tabIndex = -1
  head.append(link)
  row.append(head)
  cell('exchange text').textContent = first.exchange
  const cells = {
    last: cell('last'),
    bid: cell('bid', 'bid'),
    ask: cell('ask', 'ask'),
    spread: cell('spread', 'bps'),
    age: cell('age', 'age'),
    rate: cell('rate'),
    latency: cell('latency', 'latency'),
    state: cell('state text'),
  }
  cells.latency.textContent = '–'
  cells.state.append(element('span', '', 'dot'), 'down')
  const flashedAt = new Map<HTMLElement, number>()
  const counts = [first.ticks]
  let price = first
  let digits = 0
  let ticksPerSecond = 0

  function flash(one: HTMLElement, rises: boolean): void {
    const now = performance.now()
    if (isCalm() || now - (flashedAt.get(one) ?? -FLASH_MS) < FLASH_MS) return
    flashedAt.set(one, now)
    const colour = rises ? 'var(--rise-flash)' : 'var(--fall-flash)'
    one.animate([{ backgroundColor: colour }, { backgroundColor: 'transparent' }], {
      duration: 700,
      easing: 'ease-out',
    })
  }

  return {
    element: row,
    price: () => price,
    ticksPerSecond: () => ticksPerSecond,
    show(next, timeMs) {
      const before = price
      price = next
      const most = Math.max(digits, fractionDigits(next.last), fractionDigits(next.bid), fractionDigits(next.ask))
      for (const field of ['last', 'bid', 'ask'] as const) {
        const one = cells[field]
        if (next[field] !== before[field] || most !== digits || one.textContent === '') {
          one.textContent = priceText(next[field], most)
          one.dataset['value'] = next[field] ?? ''
        }
        if (next[field] !== before[field] && before[field] !== undefined)
          flash(one, Number(next[field]) > Number(before[field]))
      }
      digits = most
      cells.spread.textContent = spreadText(next.spreadBps)
      // A row that only lost its session has no new frame, so no latency either.
      if (next.ticks !== before.ticks) cells.latency.textContent = durationText(timeMs - next.receiveTimeMs)
      if (row.dataset['state'] === next.state) return
      row.dataset['state'] = next.state
      cells.state.lastChild?.replaceWith(next.state)
    },
    refresh(nowMs) {
      counts.push(price.ticks)
      if (counts.length > RATE_SECONDS + 1) counts.shift()
      ticksPerSecond = Math.max(0, price.ticks - (counts[0] ?? price.ticks)) / Math.max(1, counts.length - 1)
      write(cells.rate, rateText(ticksPerSecond))
      const ageMs = nowMs - price.receiveTimeMs
      write(cells.age, ageText(ageMs))
      row.toggleAttribute('data-quiet', ageMs > QUIET_MS)
    },
    markBest(bid, ask) {
      cells.bid.classList.toggle('best', bid)
      cells.ask.classList.toggle('best', ask)
    },
  }
}
