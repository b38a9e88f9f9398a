import type { Feed } from '../core/tick.ts'
import { toIso, type Micros } from '../core/time.ts'

/**
 * `up`: confirmed by its own session's heartbeats. `down`: not, or not any more: the numbers are the last known.
 * `withdrawn`: the session lives, but the exchange shows no quote worth taking (one-sided, crossed).
 */
export type PriceState = 'up' | 'down' | 'withdrawn'

/** What is known now of one symbol on one exchange. Times are those of its latest trade or quote. */
export type Price = {
  readonly exchange: string
  readonly symbol: string
  readonly feed: Feed
  readonly bid: number | undefined
  readonly bidSize: number | undefined
  readonly ask: number | undefined
  readonly askSize: number | undefined
  readonly last: number | undefined
  readonly eventTime: Micros
  readonly receiveTime: Micros
  readonly state: PriceState
  /** Trades and quotes taken since this process started: two readings give a rate. */
  readonly ticks: number
  /** Number of the board's change that made it so. */
  readonly sequence: number
}

/** A price as WebSocket clients get it: decimals as text, times ISO 8601, absent fields left out. */
export type PriceItem = {
  readonly exchange: string
  readonly symbol: string
  readonly feed: Feed
  readonly bid: string | undefined
  readonly bidSize: string | undefined
  readonly ask: string | undefined
  readonly askSize: string | undefined
  readonly last: string | undefined
  readonly spreadBps: number | undefined
  readonly eventTime: string
  readonly receiveTime: string
  readonly state: PriceState
  readonly ticks: number
}

export const priceItem = (price: Price): PriceItem => ({
  exchange: price.exchange,
  symbol: price.symbol,
  feed: price.feed,
  bid: decimalText(price.bid),
  bidSize: decimalText(price.bidSize),
  ask: decimalText(price.ask),
  askSize: decimalText(price.askSize),
  last: decimalText(price.last),
  spreadBps: spreadBps(price.bid, price.ask),
  eventTime: toIso(price.eventTime),
  receiveTime: toIso(price.receiveTime),
  state: price.state,
  ticks: price.ticks,
})

/** The spread in hundredths of a percent of the middle, to 1/1000 of a basis point. */
export function spreadBps(bid: number | undefined, ask: number | undefined): number | undefined {
  if (bid === undefined || ask === undefined) return undefined
  return Math.round(((ask - bid) / ((ask + bid) / 2)) * 1e7) / 1000
}

/** A double as plain decimal text, never in exponent form: it reads like PostgreSQL's NUMERIC. */
export function decimalText(value: number): string
export function decimalText(value: number | undefined): string | undefined
export function decimalText(value: number | undefined): string | undefined {
  if (value === undefined) return undefined
  const text = String(value)
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (parts === null) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const digits = whole + fraction
  const point = 1 + Number(exponent)
  return point <= 0
    ? `${sign}0.${'0'.repeat(-point)}${digits}`
    : `${sign}${digits.padEnd(point, '0').slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ''}`
}
