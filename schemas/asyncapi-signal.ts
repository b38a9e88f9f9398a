import { CLOSE_REASONS, FEES_IN, OPPORTUNITY_KINDS, PHASES } from '../core/opportunity.ts'
import { FEEDS, SIDES } from '../core/tick.ts'

const text = { type: 'string' } as const
const number = { type: 'number' } as const
const count = { type: 'integer', minimum: 0 } as const
const time = { type: 'string', format: 'date-time' } as const
const decimal = { type: 'string', description: 'A decimal number, exactly.' } as const
const oneOf = (values: readonly string[]) => ({ type: 'string', enum: values })

const EVIDENCE = {
  type: 'object',
  description: 'The quote, and where it stands in crypto-prices.ticks.',
  required: ['partition', 'offset', 'eventTime', 'bid', 'ask'],
  properties: {
    partition: count,
    offset: count,
    eventTime: time,
    bid: decimal,
    bidSize: decimal,
    ask: decimal,
    askSize: decimal,
  },
} as const

const LEG = {
  type: 'object',
  required: ['exchange', 'symbol', 'side', 'price', 'size', 'feeBps', 'feeIn', 'rate', 'evidence'],
  properties: {
    exchange: text,
    symbol: text,
    side: oneOf(SIDES),
    feeBps: number,
    feeIn: oneOf(FEES_IN),
    rate: { type: 'number', description: 'Numeraire per unit of the quote asset, on the unfavourable side.' },
    quoteAgeMs: number,
    confirmedAgeMs: number,
    lagMs: { type: 'number', description: 'Absent where the exchange gives no time.' },
    price: decimal,
    size: decimal,
    evidence: EVIDENCE,
  },
} as const

/** A signal as WebSocket clients and REST readers get it. */
export const SIGNAL = {
  type: 'object',
  required: ['id', 'kind', 'state', 'phase', 'base', 'legs', 'openedAt', 'updatedAt', 'endsBy', 'feed', 'edgeBps'],
  properties: {
    id: text,
    kind: oneOf(OPPORTUNITY_KINDS),
    state: { ...oneOf(['open', 'closed']), description: 'closed by its CLOSE, or past endsBy without one.' },
    phase: { ...oneOf(PHASES), description: 'What its newest record is.' },
    base: text,
    legs: { type: 'array', items: LEG },
    openedAt: time,
    updatedAt: time,
    closedAt: time,
    endsBy: time,
    feed: oneOf(FEEDS),
    grossBps: number,
    edgeBps: { type: 'number', description: 'After fees and conversion, in basis points of the cost.' },
    openEdgeBps: number,
    peakBps: number,
    timeWeightedBps: number,
    size: decimal,
    notional: decimal,
    profit: decimal,
    peakProfit: decimal,
    profitTime: decimal,
    numeraire: text,
    costsEpoch: count,
    reason: oneOf(CLOSE_REASONS),
    restricted: { type: 'boolean' },
    updates: count,
    durationMs: number,
    executableAfter: {
      type: 'array',
      description: 'On CLOSE: whether it could still be had that long after it opened.',
      items: {
        type: 'object',
        required: ['delayMs'],
        properties: { delayMs: number, edgeBps: number, executable: { type: 'boolean' } },
      },
    },
    ttlMs: count,
    origin: {
      type: 'object',
      description: 'The tick that caused the newest record.',
      properties: { processor: text, version: count, partition: count, offset: count, ordinal: count },
    },
  },
} as const
