import { z } from 'zod'
import { SYSTEM_EVENT_KINDS } from '../core/service.ts'
import { GAP_REASONS, SIDES } from '../core/tick.ts'
import { SOURCES } from '../io/environment.ts'
import { alert, silence } from './alert-documents.ts'
import { count, decimal, integer, text, time } from './document-fields.ts'
import { match } from './match-documents.ts'
import { PROBLEMS } from './problem.ts'
import { diagnostic, rule, ruleStat, ruleVersion, verdict } from './rule-documents.ts'
import { signal, signalRecord, signalStat } from './signal-documents.ts'
import { trial, trialTests } from './trial-documents.ts'

/** What the answers look like; tests parse real answers by these, and the OpenAPI document is made of them. */
const state = z.enum(['up', 'down', 'withdrawn'])
const tick = { exchange: text, symbol: text, feed: text }
const times = { eventTime: time, receiveTime: time }

const meta = z.strictObject({ source: z.enum(SOURCES), simulated: z.boolean(), time })
const sides = {
  bid: decimal.optional(),
  bidSize: decimal.optional(),
  ask: decimal.optional(),
  askSize: decimal.optional(),
}
const price = z.strictObject({
  ...tick,
  base: text,
  quote: text,
  price: decimal,
  priceSource: z.enum(['QUOTE', 'TRADE']),
  ...sides,
  last: decimal.optional(),
  lastTime: time.optional(),
  spreadBps: z.number().optional(),
  ...times,
  state,
})
const best = z.strictObject({
  bid: decimal,
  bidSize: decimal.optional(),
  bidExchange: text,
  ask: decimal,
  askSize: decimal.optional(),
  askExchange: text,
  spreadBps: z.number(),
  exchanges: count,
  feed: text,
  ...times,
})
const trade = z.strictObject({
  ...tick,
  tradeId: text,
  side: z.enum(SIDES).optional().meta({ description: 'Side of the aggressor; absent where there was none' }),
  price: decimal,
  size: decimal,
  ...times,
  sequence: integer,
})
const quote = z.strictObject({
  ...tick,
  ...sides,
  bid: decimal,
  ask: decimal,
  source: z.enum(['STREAM', 'TICKER', 'BOOK']),
  ...times,
  session: integer,
  ordinal: integer,
  sequence: integer,
})
const candle = z.strictObject({
  ...tick,
  openTime: time,
  closeTime: time,
  open: decimal,
  high: decimal,
  low: decimal,
  close: decimal,
  volume: decimal,
  quoteVolume: decimal,
  vwap: decimal,
  trades: count,
})
const gap = z.strictObject({
  exchange: text,
  symbol: text.optional().meta({ description: 'Absent: every symbol of the exchange' }),
  fromTime: time,
  toTime: time,
  reason: z.enum(GAP_REASONS),
  backfilled: z.boolean(),
  feed: text,
  session: integer,
  ordinal: integer,
})
const event = z.strictObject({
  service: text,
  instance: text,
  sequence: integer,
  time,
  kind: z.enum(SYSTEM_EVENT_KINDS),
  exchange: text.optional(),
  symbol: text.optional(),
  message: text,
  details: z.record(text, text),
})
const deadLetter = z.strictObject({
  topic: text.meta({ description: 'Where the record was going' }),
  offset: count,
  time,
  headers: z.record(text, text),
  bytes: count,
  preview: text.meta({ description: 'The first 1000 bytes as text' }),
})
const bestQuote = z.strictObject({
  symbol: text,
  bid: decimal,
  bidSize: decimal.optional(),
  bidExchange: text,
  bidTime: time.meta({ description: 'Time of the quote by its exchange' }),
  bidAgeMs: z.number().min(0).meta({ description: 'Milliseconds since the quote came in' }),
  ask: decimal,
  askSize: decimal.optional(),
  askExchange: text,
  askTime: time,
  askAgeMs: z.number().min(0),
  spreadBps: z.number().meta({ description: 'Below 0 where exchanges cross each other' }),
  exchanges: count,
  feed: text,
})
const exchange = z.strictObject({
  exchange: text,
  configured: z.boolean(),
  feed: text.optional(),
  lastHeartbeat: time.optional(),
  symbols: count,
  gapsLastHour: count,
  state: z.enum(['up', 'down']),
  connectedSince: time.optional(),
  symbolsUp: count,
  ticks: count,
  lagP50Ms: z.number().optional(),
  lagP99Ms: z.number().optional(),
})
const service = z.strictObject({
  service: text,
  instance: text,
  state: text,
  version: text,
  time,
  startedAt: time,
  ageMs: z.int(),
  eventLoopP99Ms: z.number(),
  residentBytes: count,
  figures: z.record(text, z.number()),
  health: z.enum(['alive', 'suspect', 'dead']),
})
const figures = { p50Ms: z.number(), p99Ms: z.number(), instances: count }
const next = text.optional().meta({ description: 'Present if there is another page, and then there is a Link header' })

const page = <Row extends z.ZodType>(name: string, row: Row) =>
  z.strictObject({ meta, from: time, to: time, [name]: z.array(row), cursor: next })

/** The document of each operation, by operation id. */
export const DOCUMENTS = {
  prices: z.strictObject({ meta, prices: z.array(price), cursor: next }),
  price: z.strictObject({ meta, symbol: text, best: best.optional(), prices: z.array(price) }),
  trades: page('trades', trade),
  quotes: page('quotes', quote),
  candles: page('candles', candle),
  bestQuotes: z.strictObject({ meta, quotes: z.array(bestQuote), cursor: next }),
  signals: page('signals', signal),
  signalStats: z.strictObject({
    meta,
    asOf: time.optional().meta({ description: 'End of the 24 hours; absent: nothing opened within them' }),
    stats: z.array(signalStat),
  }),
  signal: z.strictObject({
    meta,
    signal,
    records: z.array(signalRecord),
    isWhole: z.boolean().meta({ description: 'Whether these are all records; else the first 5000' }),
  }),
  matches: page('matches', match),
  match: z.strictObject({ meta, match }),
  alerts: page('alerts', alert),
  alert: z.strictObject({ meta, alert }),
  silences: z.strictObject({ meta, silences: z.array(silence), cursor: next }),
  silence: z.strictObject({ meta, silence }),
  arbitrageConfig: z.strictObject({
    meta,
    epoch: count.optional().meta({ description: 'Counts the versions of the document; absent: none is in force' }),
    since: time.optional().meta({ description: 'When it stood in every partition of the log' }),
    author: text.optional(),
    config: z.looseObject({}).optional(),
  }),
  rules: z.strictObject({ meta, rules: z.array(rule), cursor: next }),
  rule: z.strictObject({
    meta,
    rule,
    diagnostics: z.array(diagnostic).optional().meta({ description: 'Of what was written: warnings' }),
  }),
  ruleVersions: z.strictObject({ meta, versions: z.array(ruleVersion), cursor: next }),
  ruleStats: z.strictObject({
    meta,
    asOf: time.optional().meta({ description: 'End of the hour and of the 24 hours; absent: it wrote nothing' }),
    versions: z.array(ruleStat),
  }),
  ruleTest: z.strictObject({ meta, ...trial, tests: trialTests }),
  whyNot: z.strictObject({ meta, ...trial }),
  ruleVerdict: z.strictObject({ meta, ...verdict }),
  gaps: page('gaps', gap),
  events: page('events', event),
  deadLetters: page('deadLetters', deadLetter),
  config: z.strictObject({
    meta,
    epoch: count.optional().meta({ description: 'Counts the changes of the published document; absent: none was' }),
    config: z.looseObject({}),
  }),
  exchanges: z.strictObject({ meta, exchanges: z.array(exchange) }),
  services: z.strictObject({ meta, services: z.array(service) }),
  latency: z.strictObject({
    meta,
    stages: z.array(z.strictObject({ stage: text, from: text, to: text, ...figures })),
    exchanges: z.array(z.strictObject({ exchange: text, ...figures })),
  }),
} as const

const codes = Object.keys(PROBLEMS)

/** RFC 9457. */
export const problem = z.strictObject({
  type: text,
  title: text,
  status: z.int(),
  code: z.enum(codes),
  detail: text.optional(),
  instance: text,
  requestId: text,
  diagnostics: z.array(diagnostic).optional().meta({ description: 'Of a rule: all that is wrong, and where' }),
})
