import { arrange, element, write } from './dom.ts'
import { ageText, fractionDigits, priceText, spreadText } from './format.ts'
import type { Price } from './messages.ts'
import { orderByPrice, type Side } from './order.ts'

export type Ladder = {
  show(prices: readonly Price[], side: Side, nowMs: number): void
  /** Exchanges whose lines are wanted. */
  shown(): ReadonlySet<string>
}

type Rung = {
  readonly row: HTMLTableRowElement
  readonly box: HTMLInputElement
  readonly cells: Readonly<Record<'rank' | 'bid' | 'ask' | 'spread' | 'behind' | 'age' | 'state', HTMLElement>>
}

/**
 * The exchanges of a symbol in the order of their prices. Numbers change at once; rows change places only while nobody
 * points at them or is among them with the keyboard.
 */
export function createLadder(
  { body, note }: { readonly body: HTMLTableSectionElement; readonly note: HTMLElement },
  colourIndexOf: (exchange: string) => number,
  onToggle: () => void,
): Ladder {
  const rungs = new Map<string, Rung>()
  let digits = 0

  function rungOf(exchange: string): Rung {
    const known = rungs.get(exchange)
    if (known !== undefined) return known
    const row = element('tr')
    row.dataset['exchange'] = exchange
    const cell = (name: string, label = ''): HTMLElement => {
      const made = row.insertCell()
      made.className = name
      if (label !== '') made.dataset['label'] = label
      return made
    }
    const rank = cell('rank')
    const head = element('th', '', 'text exchange')
    head.scope = 'row'
    const label = element('label')
    const box = element('input')
    box.type = 'checkbox'
    box.checked = true
    box.title = 'Lines in the chart'
    box.addEventListener('change', onToggle)
    label.append(box, element('span', '', `swatch swatch-${colourIndexOf(exchange)}`), exchange)
    head.append(label)
    row.append(head)
    const cells = {
      rank,
      bid: cell('bid', 'bid'),
      ask: cell('ask', 'ask'),
      spread: cell('spread', 'bps'),
      behind: cell('behind', 'to best'),
      age: cell('age', 'age'),
      state: cell('state text'),
    }
    cells.state.append(element('span', '', 'dot'), 'down')
    const rung = { row, box, cells }
    rungs.set(exchange, rung)
    return rung
  }

  return {
    show(prices, side, nowMs) {
      for (const { bid, ask } of prices) digits = Math.max(digits, fractionDigits(bid), fractionDigits(ask))
      for (const [exchange, { row }] of rungs) {
        if (prices.some((price) => price.exchange === exchange)) continue
        row.remove()
        rungs.delete(exchange)
      }
      const ranked = orderByPrice(prices, side)
      for (const { price, rank, behindBps } of ranked) {
        const { row, cells } = rungOf(price.exchange)
        write(cells.rank, rank === undefined ? '–' : String(rank))
        for (const field of ['bid', 'ask'] as const) {
          write(cells[field], priceText(price[field], digits))
          cells[field].dataset['value'] = price[field] ?? ''
          cells[field].classList.toggle('best', field === side && rank === 1)
        }
        write(cells.spread, spreadText(price.spreadBps))
        write(cells.behind, rank === 1 ? 'best' : behindBps === undefined ? '–' : `${spreadText(behindBps)} bps`)
        write(cells.age, ageText(nowMs - price.receiveTimeMs))
        if (row.dataset['state'] !== price.state) {
          row.dataset['state'] = price.state
          cells.state.lastChild?.replaceWith(price.state)
        }
      }
      const order = ranked.map(({ price }) => rungOf(price.exchange).row)
      const differs = order.some((row, index) => body.children[index] !== row)
      const isHeld = body.children.length === order.length && body.matches(':hover, :focus-within')
      if (differs && !isHeld) arrange(body, order)
      note.hidden = !(differs && isHeld)
    },
    shown: () => new Set([...rungs].flatMap(([exchange, { box }]) => (box.checked ? [exchange] : []))),
  }
}
