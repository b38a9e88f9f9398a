import type { QuoteEvent, RuleEvent, TradeEvent } from '../../core/rules/events.ts'
import { MICROS_PER_MILLI, micros, type Micros } from '../../core/time.ts'
import { benchEvents, type BenchEvent } from '../streams/events.ts'
import { exchangeOf, symbolOf, type Job } from './jobs.ts'

/** Event times are relative in the document; here they begin at this moment. */
export const START = micros(Date.UTC(2026, 10, 20) * MICROS_PER_MILLI)

/** The events of a job as rules see them: the quotes of J3, the trades of the others. All in memory, as Esper has them. */
export const eventsOf = (job: Job, count: number): readonly RuleEvent[] => {
  const make = job === 'J3' ? quote : trade
  return Array.from(benchEvents(count), (event, offset) => make(event, offset))
}

const atOf = ({ ms }: BenchEvent): Micros => micros(START + ms * MICROS_PER_MILLI)

function trade(event: BenchEvent, offset: number): TradeEvent {
  const at = atOf(event)
  return {
    stream: 'trade',
    offset,
    at,
    feed: 'SIMULATED',
    exchange: exchangeOf(event.exchange),
    symbol: symbolOf(event.symbol),
    base: `S${event.symbol}`,
    quoteAsset: 'USD',
    eventTime: at,
    receiveTime: at,
    sequence: offset,
    id: String(offset),
    side: 'BUY',
    price: event.price,
    size: event.size,
  }
}

function quote(event: BenchEvent, offset: number): QuoteEvent {
  const at = atOf(event)
  return {
    stream: 'quote',
    offset,
    at,
    feed: 'SIMULATED',
    exchange: exchangeOf(event.exchange),
    symbol: symbolOf(event.symbol),
    base: `S${event.symbol}`,
    quoteAsset: 'USD',
    eventTime: at,
    receiveTime: at,
    sequence: offset,
    bid: event.bid,
    bidSize: event.size,
    ask: event.ask,
    askSize: event.size,
    source: 'STREAM',
  }
}
