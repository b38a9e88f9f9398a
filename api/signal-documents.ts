import { z } from 'zod'
import { CLOSE_REASONS, FEES_IN, OPPORTUNITY_KINDS, PHASES } from '../core/opportunity.ts'
import { FEEDS, SIDES } from '../core/tick.ts'
import { count, decimal, text, time } from './document-fields.ts'

const leg = z.strictObject({
  exchange: text,
  symbol: text,
  side: z.enum(SIDES).meta({ description: 'BUY: at the ask; SELL: at the bid' }),
  price: decimal,
  size: decimal.meta({ description: 'What stands at the touch, in base units of the opportunity' }),
  feeBps: z.number(),
  feeIn: z.enum(FEES_IN),
  rate: z.number().meta({ description: 'Numeraire per unit of the quote asset, on the unfavourable side' }),
  quoteAgeMs: z.number(),
  confirmedAgeMs: z.number(),
  lagMs: z.number().optional().meta({ description: 'Absent where the exchange gives no time' }),
  evidence: z
    .strictObject({
      partition: count,
      offset: count,
      eventTime: time,
      bid: decimal,
      bidSize: decimal.optional(),
      ask: decimal,
      askSize: decimal.optional(),
    })
    .meta({ description: 'The quote, and where it stands in crypto-prices.ticks' }),
})
const survival = z.strictObject({
  delayMs: z.number(),
  edgeBps: z.number().optional(),
  executable: z.boolean().optional().meta({ description: 'Absent: cut by ttl or configuration before' }),
})
const origin = z
  .strictObject({ processor: text, version: count, partition: count, offset: count, ordinal: count })
  .meta({ description: 'The tick that caused the newest record' })
/** Also what `arbitrage_signal` messages hold. */
export const signal = z.strictObject({
  id: text,
  kind: z.enum(OPPORTUNITY_KINDS),
  state: z.enum(['open', 'closed']).meta({ description: 'closed by its CLOSE, or past endsBy without one' }),
  phase: z.enum(PHASES),
  base: text,
  legs: z.array(leg),
  openedAt: time,
  updatedAt: time,
  closedAt: time.optional(),
  endsBy: time,
  feed: z.enum(FEEDS),
  grossBps: z.number(),
  edgeBps: z.number().meta({ description: 'After fees and conversion, in basis points of the cost' }),
  openEdgeBps: z.number().optional(),
  peakBps: z.number(),
  timeWeightedBps: z.number(),
  size: decimal,
  notional: decimal,
  profit: decimal,
  peakProfit: decimal,
  profitTime: decimal.meta({ description: 'Integral of the profit over time, numeraire x seconds' }),
  numeraire: text,
  costsEpoch: count,
  reason: z.enum(CLOSE_REASONS).optional(),
  restricted: z.boolean(),
  updates: count,
  durationMs: z.number(),
  executableAfter: z
    .array(survival)
    .meta({ description: 'On CLOSE: whether it could be had that long after it opened' }),
  ttlMs: count,
  origin,
})
export const signalStat = z.strictObject({
  kind: z.enum(OPPORTUNITY_KINDS),
  base: text,
  buyExchange: text.optional(),
  sellExchange: text.optional(),
  opportunities: count,
  closed: count,
  medianDurationMs: z.number().optional(),
  meanDurationMs: z.number().optional(),
  medianEdgeBps: z.number().meta({ description: 'Of the greatest edges' }),
  peakEdgeBps: z.number(),
  executableAfter: z
    .array(z.strictObject({ delayMs: z.number(), share: z.number().optional(), of: count }))
    .meta({ description: 'Share of the closed ones that could still be had so long after opening' }),
  feed: text,
})
export const signalRecord = z.strictObject({
  at: time,
  phase: z.enum(PHASES),
  grossBps: z.number(),
  edgeBps: z.number(),
  size: decimal,
  notional: decimal,
  profit: decimal,
  origin: z.strictObject({ offset: count, ordinal: count }),
  partition: count.meta({ description: 'Where the record stands in crypto-events.opportunities' }),
  offset: count,
})
