import type { BestEvent, QuoteEvent, Stream } from './events.ts'
import type { Field, NumberField, TextField, TruthField } from './field.ts'

type Of<F extends Field> = (name: string, read: F['read']) => F
const number: Of<NumberField> = (name, read) => ({ name, type: 'number', read })
const time: Of<NumberField> = (name, read) => ({ name, type: 'time', read })
const text: Of<TextField> = (name, read) => ({ name, type: 'string', read })
const truth: Of<TruthField> = (name, read) => ({ name, type: 'bool', read })

/** Infinity is no value in this language. */
const finite = (x: number): number => (x - x === 0 ? x : NaN)
const midOf = ({ bid, ask }: QuoteEvent | BestEvent): number => finite((bid + ask) / 2)
const spreadBpsOf = ({ bid, ask }: QuoteEvent | BestEvent): number => finite((10_000 * (ask - bid)) / ((bid + ask) / 2))

// Written out one by one: each function has its own place where it reads, which an engine makes fast for one shape of event.
const TRADE: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'trade' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'trade' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'trade' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'trade' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'trade' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'trade' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'trade' ? event.sequence : NaN)),
  text('id', (event) => (event.stream === 'trade' ? event.id : undefined)),
  text('side', (event) => (event.stream === 'trade' ? event.side : undefined)),
  number('price', (event) => (event.stream === 'trade' ? event.price : NaN)),
  number('size', (event) => (event.stream === 'trade' ? event.size : NaN)),
  number('notional', (event) => (event.stream === 'trade' ? finite(event.price * event.size) : NaN)),
]

const QUOTE: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'quote' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'quote' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'quote' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'quote' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'quote' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'quote' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'quote' ? event.sequence : NaN)),
  number('bid', (event) => (event.stream === 'quote' ? event.bid : NaN)),
  number('bidSize', (event) => (event.stream === 'quote' ? event.bidSize : NaN)),
  number('ask', (event) => (event.stream === 'quote' ? event.ask : NaN)),
  number('askSize', (event) => (event.stream === 'quote' ? event.askSize : NaN)),
  text('source', (event) => (event.stream === 'quote' ? event.source : undefined)),
  number('mid', (event) => (event.stream === 'quote' ? midOf(event) : NaN)),
  number('spreadBps', (event) => (event.stream === 'quote' ? spreadBpsOf(event) : NaN)),
]

const BEST: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'best' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'best' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'best' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'best' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'best' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'best' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'best' ? event.sequence : NaN)),
  number('bid', (event) => (event.stream === 'best' ? event.bid : NaN)),
  number('bidSize', (event) => (event.stream === 'best' ? event.bidSize : NaN)),
  text('bidExchange', (event) => (event.stream === 'best' ? event.bidExchange : undefined)),
  number('ask', (event) => (event.stream === 'best' ? event.ask : NaN)),
  number('askSize', (event) => (event.stream === 'best' ? event.askSize : NaN)),
  text('askExchange', (event) => (event.stream === 'best' ? event.askExchange : undefined)),
  number('mid', (event) => (event.stream === 'best' ? midOf(event) : NaN)),
  number('spreadBps', (event) => (event.stream === 'best' ? spreadBpsOf(event) : NaN)),
]

const CANDLE: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'candle' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'candle' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'candle' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'candle' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'candle' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'candle' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'candle' ? event.sequence : NaN)),
  text('interval', (event) => (event.stream === 'candle' ? event.interval : undefined)),
  time('openTime', (event) => (event.stream === 'candle' ? event.openTime : NaN)),
  number('open', (event) => (event.stream === 'candle' ? event.open : NaN)),
  number('high', (event) => (event.stream === 'candle' ? event.high : NaN)),
  number('low', (event) => (event.stream === 'candle' ? event.low : NaN)),
  number('close', (event) => (event.stream === 'candle' ? event.close : NaN)),
  number('volume', (event) => (event.stream === 'candle' ? event.volume : NaN)),
  number('vwap', (event) => (event.stream === 'candle' ? event.vwap : NaN)),
  number('trades', (event) => (event.stream === 'candle' ? event.trades : NaN)),
  number('logReturn', (event) => (event.stream === 'candle' ? event.logReturn : NaN)),
]

const OPPORTUNITY: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'opportunity' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'opportunity' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'opportunity' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'opportunity' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'opportunity' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'opportunity' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'opportunity' ? event.sequence : NaN)),
  text('opportunityId', (event) => (event.stream === 'opportunity' ? event.opportunityId : undefined)),
  text('kind', (event) => (event.stream === 'opportunity' ? event.kind : undefined)),
  text('phase', (event) => (event.stream === 'opportunity' ? event.phase : undefined)),
  text('buyExchange', (event) => (event.stream === 'opportunity' ? event.buyExchange : undefined)),
  text('sellExchange', (event) => (event.stream === 'opportunity' ? event.sellExchange : undefined)),
  number('grossBps', (event) => (event.stream === 'opportunity' ? event.grossBps : NaN)),
  number('edgeBps', (event) => (event.stream === 'opportunity' ? event.edgeBps : NaN)),
  number('size', (event) => (event.stream === 'opportunity' ? event.size : NaN)),
  number('profit', (event) => (event.stream === 'opportunity' ? event.profit : NaN)),
  number('durationMs', (event) => (event.stream === 'opportunity' ? event.durationMs : NaN)),
  number('peakBps', (event) => (event.stream === 'opportunity' ? event.peakBps : NaN)),
  text('reason', (event) => (event.stream === 'opportunity' ? event.reason : undefined)),
]

const SPREAD: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'spread' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'spread' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'spread' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'spread' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'spread' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'spread' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'spread' ? event.sequence : NaN)),
  text('pair', (event) => (event.stream === 'spread' ? event.pair : undefined)),
  number('alpha', (event) => (event.stream === 'spread' ? event.alpha : NaN)),
  number('beta', (event) => (event.stream === 'spread' ? event.beta : NaN)),
  number('z', (event) => (event.stream === 'spread' ? event.z : NaN)),
  number('halfLife', (event) => (event.stream === 'spread' ? event.halfLife : NaN)),
  number('cointT', (event) => (event.stream === 'spread' ? event.cointT : NaN)),
]

const MATCH: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'match' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'match' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'match' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'match' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'match' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'match' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'match' ? event.sequence : NaN)),
  text('ruleId', (event) => (event.stream === 'match' ? event.ruleId : undefined)),
  text('type', (event) => (event.stream === 'match' ? event.type : undefined)),
  text('phase', (event) => (event.stream === 'match' ? event.phase : undefined)),
  text('severity', (event) => (event.stream === 'match' ? event.severity : undefined)),
]

const GAP: readonly Field[] = [
  text('exchange', (event) => (event.stream === 'gap' ? event.exchange : undefined)),
  text('symbol', (event) => (event.stream === 'gap' ? event.symbol : undefined)),
  text('base', (event) => (event.stream === 'gap' ? event.base : undefined)),
  text('quoteAsset', (event) => (event.stream === 'gap' ? event.quoteAsset : undefined)),
  time('eventTime', (event) => (event.stream === 'gap' ? event.eventTime : NaN)),
  time('receiveTime', (event) => (event.stream === 'gap' ? event.receiveTime : NaN)),
  number('sequence', (event) => (event.stream === 'gap' ? event.sequence : NaN)),
  text('reason', (event) => (event.stream === 'gap' ? event.reason : undefined)),
  time('from', (event) => (event.stream === 'gap' ? event.from : NaN)),
  time('to', (event) => (event.stream === 'gap' ? event.to : NaN)),
  truth('backfilled', (event) => (event.stream === 'gap' ? event.backfilled : undefined)),
]

/** In the order in which a list of them is shown. */
export const STREAM_FIELDS: Readonly<Record<Stream, readonly Field[]>> = {
  trade: TRADE,
  quote: QUOTE,
  best: BEST,
  candle: CANDLE,
  opportunity: OPPORTUNITY,
  spread: SPREAD,
  match: MATCH,
  gap: GAP,
}
