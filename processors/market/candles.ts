import { ACROSS, CANDLE_INTERVALS, INTERVAL_MICROS, type Candle, type CandleInterval } from '../../core/candle.ts'
import type { Effects, Stage } from '../../core/processor.ts'
import type { Feed, Trade } from '../../core/tick.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, micros, type Micros } from '../../core/time.ts'
import type { MarketEvent, MarketTick } from './events.ts'

/** How long after its end a candle still takes trades, of T. */
export const GRACE = 2 * MICROS_PER_SECOND
/** An exchange's clock may be this far ahead (core/tick-check.ts, exchanges.md section 2), so a candle may be begun this early. */
const MOST_AHEAD = 10 * MICROS_PER_MINUTE
/** What a candle depends on. */
export const CANDLES_HORIZON = MOST_AHEAD + INTERVAL_MICROS['1m'] + GRACE

/** An open candle; changed in place. */
type Open = {
  readonly exchange: string
  readonly symbol: string
  feed: Feed
  open: number
  openAt: Micros
  high: number
  low: number
  close: number
  closeAt: Micros
  volume: number
  quoteVolume: number
  trades: number
}

/** Open candles by start, then by exchange and symbol; `due` is T at which the first of them closes. */
type Row = { readonly interval: CandleInterval; readonly open: Map<Micros, Map<string, Open>>; due: number }
export type CandlesState = {
  readonly rows: readonly Row[]
  /** By exchange: what its ticks are, backfilled ones apart. */
  readonly feeds: Map<string, Feed>
}

/**
 * Candles of each exchange and across all, 1s and 1m, by the exchange's time. A candle closes when T is at or past its end and
 * the grace, before the record that carries T there; a trade of a closed one is counted `late_trade` and changes nothing.
 * Emit order: 1s before 1m, then by start, symbol, exchange.
 */
export const candles: Stage<CandlesState, MarketEvent, MarketEvent> = {
  initial: () => ({
    rows: CANDLE_INTERVALS.map((interval) => ({ interval, open: new Map(), due: Infinity })),
    feeds: new Map(),
  }),
  step({ rows, feeds }, event, effects) {
    if (event.kind !== 'tick') return
    const { tick, now } = event
    for (const row of rows) if (now >= row.due) closeDue(row, now, effects)
    if (tick.feed !== 'BACKFILL') feeds.set(tick.exchange, tick.feed)
    const { payload } = tick
    if (payload.kind !== 'trade') return
    const feed = feeds.get(tick.exchange) ?? 'SIMULATED'
    for (const row of rows) add(row, event, payload, feed, effects)
  },
}

function add(row: Row, { tick, now }: MarketTick, trade: Trade, feed: Feed, { count }: Effects<MarketEvent>): void {
  const length = INTERVAL_MICROS[row.interval]
  const openTime = micros(tick.eventTime - (tick.eventTime % length))
  const closesAt = openTime + length + GRACE
  if (now >= closesAt) return count(`late_trade_${row.interval}`)
  // No such clock is right: its candle would stay open for as long, and a run that begins meanwhile would not have it.
  if (tick.eventTime > now + MOST_AHEAD) return count(`early_trade_${row.interval}`)
  let open = row.open.get(openTime)
  if (open === undefined) {
    open = new Map()
    row.open.set(openTime, open)
    row.due = Math.min(row.due, closesAt)
  }
  for (const exchange of [tick.exchange, ACROSS]) {
    const key = `${tick.symbol} ${exchange}`
    const one = open.get(key)
    if (one === undefined) open.set(key, begin(exchange, tick.symbol, tick.eventTime, trade, feed))
    else take(one, tick.eventTime, trade, feed)
  }
}

const begin = (exchange: string, symbol: string, at: Micros, { price, size }: Trade, feed: Feed): Open => ({
  exchange,
  symbol,
  feed,
  open: price,
  openAt: at,
  high: price,
  low: price,
  close: price,
  closeAt: at,
  volume: size,
  quoteVolume: price * size,
  trades: 1,
})

/** Of trades at one moment the first on the log opens and the last closes. */
function take(one: Open, at: Micros, { price, size }: Trade, feed: Feed): void {
  if (at < one.openAt) {
    one.open = price
    one.openAt = at
  }
  if (at >= one.closeAt) {
    one.close = price
    one.closeAt = at
  }
  one.high = Math.max(one.high, price)
  one.low = Math.min(one.low, price)
  one.volume += size
  one.quoteVolume += price * size
  one.trades += 1
  one.feed = leastClaim(one.feed, feed)
}

const CLAIMS: readonly Feed[] = ['SIMULATED', 'RECORDED', 'LIVE', 'BACKFILL']
const leastClaim = (a: Feed, b: Feed): Feed => (CLAIMS.indexOf(a) <= CLAIMS.indexOf(b) ? a : b)

function closeDue(row: Row, now: Micros, { emit }: Effects<MarketEvent>): void {
  const length = INTERVAL_MICROS[row.interval]
  const starts = [...row.open.keys()].toSorted((a, b) => a - b)
  row.due = Infinity
  for (const openTime of starts) {
    const closesAt = openTime + length + GRACE
    if (now < closesAt) {
      row.due = closesAt
      return
    }
    const open = row.open.get(openTime) ?? new Map<string, Open>()
    row.open.delete(openTime)
    for (const key of [...open.keys()].toSorted(byCodeUnit)) {
      const one = open.get(key)
      if (one !== undefined) emit({ kind: 'candle', candle: candleOf(one, row.interval, openTime) })
    }
  }
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const candleOf = (one: Open, interval: CandleInterval, openTime: Micros): Candle => ({
  exchange: one.exchange,
  symbol: one.symbol,
  interval,
  openTime,
  feed: one.feed,
  open: one.open,
  high: one.high,
  low: one.low,
  close: one.close,
  volume: one.volume,
  quoteVolume: one.quoteVolume,
  vwap: one.quoteVolume / one.volume,
  trades: one.trades,
})
