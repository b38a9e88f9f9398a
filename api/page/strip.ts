import { durationText, rateText } from './format.ts'
import type { ExchangeState } from './messages.ts'

/** One card per exchange: connected or not, how many of its prices are confirmed, how busy and how far behind it is. */
export function showExchanges(
  list: HTMLElement,
  exchanges: readonly ExchangeState[],
  ticksPerSecond: ReadonlyMap<string, number>,
): void {
  list.replaceChildren(...exchanges.map((one) => card(one, ticksPerSecond.get(one.exchange) ?? 0)))
}

function card(
  { exchange, state, symbols, symbolsUp, lagP50Ms, gapsLastHour }: ExchangeState,
  ticksPerSecond: number,
): HTMLLIElement {
  const item = document.createElement('li')
  item.dataset['exchange'] = exchange
  item.dataset['state'] = state
  const title = document.createElement('h2')
  title.append(element('span', '', 'dot'), exchange, element('small', state))
  const facts = document.createElement('dl')
  facts.append(
    fact('symbols up', `${symbolsUp} of ${symbols}`),
    fact('ticks/s', rateText(ticksPerSecond)),
    fact('behind us', durationText(lagP50Ms), "From the exchange's own time to the frame's arrival, median"),
    fact('gaps, last hour', String(gapsLastHour)),
  )
  item.append(title, facts)
  return item
}

function fact(name: string, value: string, explanation = ''): HTMLElement {
  const pair = document.createElement('div')
  pair.title = explanation
  pair.append(element('dt', name), element('dd', value))
  return pair
}

function element(name: 'span' | 'small' | 'dt' | 'dd', text: string, className = ''): HTMLElement {
  const made = document.createElement(name)
  made.textContent = text
  if (className !== '') made.className = className
  return made
}
