import type { Ending, GapRow } from './gaps.ts'
import { decimalOf, listOf, numberOf, recordOf, textOf, timeOf } from './fields.ts'
import type { Point } from './points.ts'

export type ExchangeState = {
  readonly exchange: string
  readonly state: string
  readonly symbols: number
  readonly symbolsUp: number
  readonly lagP50Ms: number | undefined
  readonly gapsLastHour: number
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

export const readCursor = (value: unknown): string | undefined => textOf(recordOf(value)['cursor'])

/** One line of the chart. */
export type Line = { readonly exchange: string; readonly line: 'bid' | 'ask' | 'trade' | 'close' }

/** A number of one exchange at one moment. */
export type Sample = Point & Line

const samples = (value: unknown, list: string, time: string, names: Readonly<Record<string, Sample['line']>>) =>
  listOf(recordOf(value)[list]).flatMap((one): readonly Sample[] => {
    const fields = recordOf(one)
    const seconds = Math.floor(timeOf(fields[time]) / 1000)
    const exchange = textOf(fields['exchange']) ?? ''
    return Object.entries(names)
      .map(([name, line]) => ({ exchange, line, time: seconds, value: decimalOf(fields[name]) }))
      .filter((sample) => Number.isFinite(sample.value + sample.time))
  })

export const readTrades = (value: unknown): readonly Sample[] =>
  samples(value, 'trades', 'eventTime', { price: 'trade' })
export const readQuotes = (value: unknown): readonly Sample[] =>
  samples(value, 'quotes', 'eventTime', { bid: 'bid', ask: 'ask' })
export const readCandles = (value: unknown): readonly Sample[] =>
  samples(value, 'candles', 'openTime', { close: 'close' })

export const readEndings = (value: unknown): readonly Ending[] =>
  listOf(recordOf(value)['events']).map((one) => {
    const fields = recordOf(one)
    return {
      exchange: textOf(fields['exchange']) ?? '',
      timeMs: timeOf(fields['time']),
      message: textOf(fields['message']) ?? '',
    }
  })

export const readGaps = (value: unknown): readonly GapRow[] =>
  listOf(recordOf(value)['gaps']).map((one) => {
    const fields = recordOf(one)
    return {
      exchange: textOf(fields['exchange']) ?? '',
      symbol: textOf(fields['symbol']),
      reason: textOf(fields['reason']) ?? '',
      fromMs: timeOf(fields['fromTime']),
      toMs: timeOf(fields['toTime']),
      session: textOf(fields['session']) ?? '',
      backfilled: fields['backfilled'] === true,
    }
  })
