import type { AggregateName } from '../../document.ts'
import type { Stream } from '../../events.ts'
import { ALL, AT_LEAST_0, hull, point, POSITIVE, type Interval } from './interval.ts'

/** What a number field can be; those that are not here can be anything. */
const FIELDS: ReadonlyMap<string, Interval> = new Map([
  ...['price', 'notional', 'bid', 'ask', 'mid', 'open', 'high', 'low', 'close', 'vwap'].map(
    (name): readonly [string, Interval] => [name, POSITIVE],
  ),
  ...['size', 'bidSize', 'askSize', 'volume', 'trades', 'durationMs', 'halfLife', 'sequence'].map(
    (name): readonly [string, Interval] => [name, AT_LEAST_0],
  ),
  ...['eventTime', 'receiveTime', 'openTime', 'from', 'to'].map((name): readonly [string, Interval] => [
    name,
    AT_LEAST_0,
  ]),
  // 10^4 (ask - bid) / ((bid + ask) / 2) of positive prices
  ['spreadBps', { lo: -20_000, hi: 20_000 }],
])

export const rangeOfField = (name: string): Interval => FIELDS.get(name) ?? ALL

/** The only texts that a field can be, by stream; `undefined`: any. */
const TEXTS: Partial<Readonly<Record<Stream, ReadonlyMap<string, readonly string[]>>>> = {
  candle: new Map([['interval', ['1s', '1m']]]),
  opportunity: new Map([
    ['phase', ['OPEN', 'UPDATE', 'CLOSE']],
    ['kind', ['cross-exchange', 'triangular', 'statistical']],
  ]),
  match: new Map([
    ['phase', ['FIRED', 'RESOLVED', 'TIMEOUT']],
    ['severity', ['info', 'warning', 'critical']],
  ]),
}

/** Of all streams together; `undefined` as soon as one may have any text. */
export function textsOfField(name: string, streams: readonly Stream[]): ReadonlySet<string> | undefined {
  const known = streams.map((stream) => TEXTS[stream]?.get(name))
  return known.every((texts) => texts !== undefined) ? new Set(known.flat()) : undefined
}

/** What an aggregate of values in these ranges can be. */
export function rangeOfAggregate(
  agg: AggregateName,
  [first = ALL, second = ALL]: readonly Interval[],
  seedsZero: boolean,
): Interval {
  switch (agg) {
    case 'count':
    case 'rate':
    case 'var':
    case 'sd':
      return AT_LEAST_0
    case 'distinct':
      return { lo: 0, hi: 4096 }
    case 'corr':
      return { lo: -1, hi: 1 }
    case 'sum':
      return first.lo >= 0 ? AT_LEAST_0 : ALL
    case 'ema':
      return seedsZero ? hull(first, point(0)) : first
    case 'mean':
    case 'vwap':
    case 'twap':
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'median':
    case 'quantile':
      return first
    case 'argmin':
    case 'argmax':
      return second
    case 'delta':
    case 'beta':
    case 'slope':
      return ALL
  }
}
