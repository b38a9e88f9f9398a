import fc from 'fast-check'
import { CANDLE_INTERVALS, type Candle } from '../../core/candle.ts'
import { CLOSE_REASONS, FEES_IN, OPPORTUNITY_KINDS, PHASES } from '../../core/opportunity.ts'
import type { Leg, Life, Opportunity, Survival } from '../../core/opportunity.ts'
import type { Derived, Origin } from '../../core/processor.ts'
import { FEEDS, SIDES } from '../../core/tick.ts'
import { arbitraryCount, arbitraryMicros, plainRecord } from './arbitraries.ts'

const text = fc.string({ unit: 'binary' })
const amount = fc.double({ min: 1e-9, max: 1e9, noNaN: true })
const signed = fc.double({ min: -1e9, max: 1e9, noNaN: true })
const optionally = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined })

export const arbitraryOrigin = plainRecord<Origin>({
  processor: text,
  version: fc.nat(),
  partition: fc.nat(255),
  offset: arbitraryCount,
  ordinal: fc.nat(),
})

export const arbitraryCandle = plainRecord<Derived<Candle>>({
  exchange: text,
  symbol: text,
  interval: fc.constantFrom(...CANDLE_INTERVALS),
  openTime: arbitraryMicros,
  feed: fc.constantFrom(...FEEDS),
  open: amount,
  high: amount,
  low: amount,
  close: amount,
  volume: amount,
  quoteVolume: amount,
  vwap: amount,
  trades: arbitraryCount,
  origin: arbitraryOrigin,
})

const arbitraryLeg = plainRecord<Leg>({
  exchange: text,
  symbol: text,
  side: fc.constantFrom(...SIDES),
  price: amount,
  size: amount,
  feeBps: amount,
  feeIn: fc.constantFrom(...FEES_IN),
  rate: amount,
  quoteAgeMs: amount,
  confirmedAgeMs: amount,
  lagMs: optionally(amount),
  evidence: plainRecord({
    partition: fc.nat(255),
    offset: arbitraryCount,
    eventTime: arbitraryMicros,
    bid: amount,
    bidSize: optionally(amount),
    ask: amount,
    askSize: optionally(amount),
  }),
})

const arbitraryLife = plainRecord<Life>({
  openedAt: arbitraryMicros,
  durationMs: amount,
  updates: arbitraryCount,
  peakBps: signed,
  peakProfit: signed,
  timeWeightedBps: signed,
  profitTime: signed,
})

export const arbitraryOpportunity = plainRecord<Derived<Opportunity>>({
  opportunityId: text,
  kind: fc.constantFrom(...OPPORTUNITY_KINDS),
  phase: fc.constantFrom(...PHASES),
  at: arbitraryMicros,
  feed: fc.constantFrom(...FEEDS),
  base: text,
  legs: fc.array(arbitraryLeg, { maxLength: 3 }),
  grossBps: signed,
  edgeBps: signed,
  size: amount,
  notional: amount,
  profit: signed,
  numeraire: text,
  costsEpoch: arbitraryCount,
  ttlMs: arbitraryCount,
  restricted: fc.boolean(),
  life: optionally(arbitraryLife),
  reason: optionally(fc.constantFrom(...CLOSE_REASONS)),
  executableAfter: fc.array(
    plainRecord<Survival>({ delayMs: amount, edgeBps: optionally(signed), executable: optionally(fc.boolean()) }),
    { maxLength: 3 },
  ),
  origin: arbitraryOrigin,
})
