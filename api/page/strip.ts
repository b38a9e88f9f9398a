import { durationText } from './format.ts'
import type { ExchangeState } from './messages.ts'

/** One card per exchange: connected or not, how many of its prices are confirmed, how far its clock's ticks lag. */
export function showExchanges(list: HTMLElement, exchanges: readonly ExchangeState[]): void {
  list.replaceChildren(...exchanges.map(card))
}

function card({ exchange, state, symbols, symbolsUp, lagP50Ms }: ExchangeState): HTMLLIElement {
  const item = document.createElement('li')
  item.dataset['exchange'] = exchange
  item.dataset['state'] = state
  const title = document.createElement('h2')
  const word = element('small', state)
  title.append(element('span', '', 'dot'), exchange, word)
  const facts = document.createElement('p')
  facts.append(fact(`${symbolsUp} of ${symbols}`, 'symbols'))
  if (lagP50Ms !== undefined) facts.append(fact(durationText(lagP50Ms), 'behind'))
  item.append(title, facts)
  return item
}

function fact(value: string, of: string): HTMLElement {
  const line = document.createElement('span')
  line.append(element('b', value), ` ${of}`)
  return line
}

function element(name: 'span' | 'small' | 'b', text: string, className = ''): HTMLElement {
  const made = document.createElement(name)
  made.textContent = text
  if (className !== '') made.className = className
  return made
}
