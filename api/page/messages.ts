import { listOf, numberOf, recordOf, textOf, timeOf } from './fields.ts'

/** A price as the server sends it; decimals stay text, so that what is shown is what was sent. */
export type Price = {
  readonly exchange: string
  readonly symbol: string
  readonly bid: string | undefined
  readonly ask: string | undefined
  readonly last: string | undefined
  readonly spreadBps: number | undefined
  readonly eventTimeMs: number
  readonly receiveTimeMs: number
  readonly state: string
  readonly ticks: number
}

export type Message = {
  readonly type: 'snapshot' | 'price_update'
  readonly timeMs: number
  readonly source: string
  readonly prices: readonly Price[]
}

/** `undefined` for messages that this page does not know: a newer server may send more. */
export function readMessage(text: string): Message | undefined {
  const value = recordOf(JSON.parse(text))
  const type = value['type']
  if (type !== 'snapshot' && type !== 'price_update') return undefined
  return {
    type,
    timeMs: timeOf(value['time']),
    source: textOf(value['source']) ?? '',
    prices: listOf(value['prices']).map(readPrice),
  }
}

function readPrice(value: unknown): Price {
  const fields = recordOf(value)
  return {
    exchange: textOf(fields['exchange']) ?? '',
    symbol: textOf(fields['symbol']) ?? '',
    bid: textOf(fields['bid']),
    ask: textOf(fields['ask']),
    last: textOf(fields['last']),
    spreadBps: numberOf(fields['spreadBps']),
    eventTimeMs: timeOf(fields['eventTime']),
    receiveTimeMs: timeOf(fields['receiveTime']),
    state: textOf(fields['state']) ?? 'down',
    ticks: numberOf(fields['ticks']) ?? 0,
  }
}
