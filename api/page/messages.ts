/** A price as the server sends it; decimals stay text, so that what is shown is what was sent. */
export type Price = {
  readonly exchange: string
  readonly symbol: string
  readonly bid: string | undefined
  readonly ask: string | undefined
  readonly last: string | undefined
  readonly spreadBps: number | undefined
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

export type ExchangeState = {
  readonly exchange: string
  readonly state: string
  readonly symbols: number
  readonly symbolsUp: number
  readonly lagP50Ms: number | undefined
  readonly gapsLastHour: number
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
    receiveTimeMs: timeOf(fields['receiveTime']),
    state: textOf(fields['state']) ?? 'down',
    ticks: numberOf(fields['ticks']) ?? 0,
  }
}

export const readExchanges = (value: unknown): readonly ExchangeState[] =>
  listOf(recordOf(value)['exchanges']).map((one) => {
    const fields = recordOf(one)
    return {
      exchange: textOf(fields['exchange']) ?? '',
      state: textOf(fields['state']) ?? 'down',
      symbols: numberOf(fields['symbols']) ?? 0,
      symbolsUp: numberOf(fields['symbolsUp']) ?? 0,
      lagP50Ms: numberOf(fields['lagP50Ms']),
      gapsLastHour: numberOf(fields['gapsLastHour']) ?? 0,
    }
  })

/** Median and 99th percentile of the way from an exchange's frame to the sockets. */
export function readPushLatency(value: unknown): {
  readonly p50Ms?: number | undefined
  readonly p99Ms?: number | undefined
} {
  const stage = listOf(recordOf(value)['stages'])
    .map(recordOf)
    .find((one) => one['stage'] === 'frameToPush')
  return stage === undefined ? {} : { p50Ms: numberOf(stage['p50Ms']), p99Ms: numberOf(stage['p99Ms']) }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const timeOf = (value: unknown): number => (typeof value === 'string' ? Date.parse(value) : Number.NaN)
