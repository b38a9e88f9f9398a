import { durationText, rateText } from './format.ts'
import { element } from './dom.ts'
import type { ExchangeState } from './documents.ts'

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
  const item = element('li')
  item.dataset['exchange'] = exchange
  item.dataset['state'] = state
  const title = element('h3')
  title.append(element('span', '', 'dot'), exchange, element('small', state))
  const facts = element('dl')
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
  const pair = element('div')
  if (explanation !== '') pair.title = explanation
  pair.append(element('dt', name), element('dd', value))
  return pair
}
