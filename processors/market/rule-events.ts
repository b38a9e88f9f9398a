import type { Arrival } from '../../core/arrivals.ts'
import { INTERVAL_MICROS, type Candle } from '../../core/candle.ts'
import { ln } from '../../core/math.ts'
import type { Opportunity, OpportunityKind } from '../../core/opportunity.ts'
import { tickKey } from '../../core/partition.ts'
import type { CommonFields, EventPlace, RuleEvent } from '../../core/rules/events.ts'
import { parseSymbol } from '../../core/symbol.ts'
import type { Micros } from '../../core/time.ts'
import type { BestQuote, MarketEvent, MarketTick } from './events.ts'

/** The close of each exchange's, symbol's and interval's last candle, for the return of the next. Changed in place. */
export type ClosesState = Map<string, { openTime: Micros; close: number }>

/** What a market event is to a rule; `undefined`: no rule sees it. `closes` learns each candle. */
export type ToRuleEvent = (event: MarketEvent, arrival: Arrival, closes: ClosesState) => RuleEvent | undefined

/**
 * Market events as rules see them (rules.md section 2). Not seen: heartbeats, rates, control records; quotes that the quality
 * step flagged; backfilled trades, which tell of a past that the rule time has left.
 */
export function ruleEvents(inverses: ReadonlySet<string>): ToRuleEvent {
  const assets = new Map<string, Assets>()
  const assetsOf = (symbol: string): Assets => {
    let known = assets.get(symbol)
    if (known === undefined) {
      known = split(symbol, inverses)
      assets.set(symbol, known)
    }
    return known
  }
  return (event, arrival, closes) => {
    const place = { offset: arrival.offset, at: arrival.now, feed: arrival.tick.feed }
    switch (event.kind) {
      case 'tick':
        return ofTick(event, assetsOf(event.tick.symbol))
      case 'best':
        return ofBest(event.best, place, assetsOf(event.best.symbol))
      case 'candle':
        return ofCandle(event.candle, place, assetsOf(event.candle.symbol), closes)
      case 'opportunity':
        return ofOpportunity(event.opportunity, place)
      case 'finding':
        return undefined
    }
  }
}

/** The base is the asset that the symbol's ticks are keyed by. */
type Assets = { readonly base: string; readonly quoteAsset: string }

function split(symbol: string, inverses: ReadonlySet<string>): Assets {
  const parts = parseSymbol(symbol)
  if (parts === undefined) return { base: '', quoteAsset: '' }
  const base = tickKey(symbol, inverses)
  return { base, quoteAsset: base === parts.base ? parts.quote : parts.base }
}

function ofTick({ tick, isFlagged, offset, now }: MarketTick, { base, quoteAsset }: Assets): RuleEvent | undefined {
  const { payload, exchange, symbol, feed, eventTime, receiveTime, sequence } = tick
  // Written out: a spread would cost more than all else here, and the shape must be the same each time.
  switch (payload.kind) {
    case 'trade': {
      if (feed === 'BACKFILL') return undefined
      const { id, side, price, size } = payload
      return {
        stream: 'trade',
        offset,
        at: now,
        feed,
        exchange,
        symbol,
        base,
        quoteAsset,
        eventTime,
        receiveTime,
        sequence,
        id,
        side,
        price,
        size,
      }
    }
    case 'quote': {
      if (isFlagged) return undefined
      const { bid, bidSize, ask, askSize, source } = payload
      return {
        stream: 'quote',
        offset,
        at: now,
        feed,
        exchange,
        symbol,
        base,
        quoteAsset,
        eventTime,
        receiveTime,
        sequence,
        bid,
        bidSize: bidSize ?? NaN,
        ask,
        askSize: askSize ?? NaN,
        source,
      }
    }
    case 'gap': {
      const { reason, from, to, backfilled } = payload
      const common = { exchange, symbol, base, quoteAsset, eventTime, receiveTime, sequence }
      return { stream: 'gap', offset, at: now, feed, ...common, reason, from, to, backfilled }
    }
    case 'heartbeat':
    case 'control':
    case 'rate':
      return undefined
  }
}

const ofBest = ({ symbol, at, bid, ask }: BestQuote, place: EventPlace, assets: Assets): RuleEvent => ({
  stream: 'best',
  ...place,
  ...commonOf(undefined, symbol, assets, at),
  bid: bid?.price ?? NaN,
  bidSize: bid?.size ?? NaN,
  bidExchange: bid?.exchange,
  ask: ask?.price ?? NaN,
  askSize: ask?.size ?? NaN,
  askExchange: ask?.exchange,
})

function ofCandle(candle: Candle, place: EventPlace, assets: Assets, closes: ClosesState): RuleEvent {
  const { exchange, symbol, interval, openTime, feed, open, high, low, close, volume, vwap, trades } = candle
  const key = `${symbol} ${exchange} ${interval}`
  const before = closes.get(key)
  const isNext = before !== undefined && before.openTime + INTERVAL_MICROS[interval] === openTime
  const logReturn = isNext ? ln(close / before.close) : NaN
  if (before === undefined) closes.set(key, { openTime, close })
  else {
    before.openTime = openTime
    before.close = close
  }
  return {
    stream: 'candle',
    ...place,
    feed,
    ...commonOf(exchange, symbol, assets, openTime + INTERVAL_MICROS[interval]),
    interval,
    openTime,
    open,
    high,
    low,
    close,
    volume,
    vwap,
    trades,
    logReturn: Number.isFinite(logReturn) ? logReturn : NaN,
  }
}

const KINDS: Readonly<Record<OpportunityKind, string>> = {
  UNKNOWN: 'unknown',
  CROSS_EXCHANGE: 'cross-exchange',
  TRIANGULAR: 'triangular',
  STATISTICAL: 'statistical',
}

function ofOpportunity(opportunity: Opportunity, place: EventPlace): RuleEvent {
  const { opportunityId, kind, phase, base, legs, grossBps, edgeBps, size, profit, life, reason, at, feed } =
    opportunity
  const symbols = new Set(legs.map(({ symbol }) => symbol))
  const symbol = symbols.size === 1 ? legs[0]?.symbol : undefined
  const quoteAsset = symbol === undefined ? undefined : parseSymbol(symbol)?.quote
  return {
    stream: 'opportunity',
    ...place,
    feed,
    ...commonOf(undefined, symbol, { base, quoteAsset }, at),
    opportunityId,
    kind: KINDS[kind],
    phase,
    buyExchange: legs.find(({ side }) => side === 'BUY')?.exchange,
    sellExchange: legs.find(({ side }) => side === 'SELL')?.exchange,
    grossBps,
    edgeBps,
    size,
    profit,
    // On OPEN there is no life yet: it begins with this edge.
    durationMs: life?.durationMs ?? 0,
    peakBps: life?.peakBps ?? edgeBps,
    reason,
  }
}

const commonOf = (
  exchange: string | undefined,
  symbol: string | undefined,
  { base, quoteAsset }: { readonly base: string; readonly quoteAsset: string | undefined },
  eventTime: number,
): CommonFields => ({ exchange, symbol, base, quoteAsset, eventTime, receiveTime: NaN, sequence: NaN })
