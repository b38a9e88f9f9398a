import type { Feed, Side } from './tick.ts'
import type { Micros } from './time.ts'

/** UNKNOWN: what a newer writer calls otherwise. */
export const OPPORTUNITY_KINDS = ['UNKNOWN', 'CROSS_EXCHANGE', 'TRIANGULAR', 'STATISTICAL'] as const
export type OpportunityKind = (typeof OPPORTUNITY_KINDS)[number]

export const PHASES = ['OPEN', 'UPDATE', 'CLOSE'] as const
export type Phase = (typeof PHASES)[number]

/** Why a guard does not hold, in the order they are asked (arbitrage.md section 3). */
export const GUARDS = ['down', 'gap', 'crossed', 'stale', 'lag', 'rate', 'depth'] as const
export type Guard = (typeof GUARDS)[number]

/** `mean`, `stop` and `broken` end statistical ones only. */
export const CLOSE_REASONS = ['edge', ...GUARDS, 'ttl', 'config', 'mean', 'stop', 'broken'] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

export const FEES_IN = ['quote', 'base'] as const
export type FeeIn = (typeof FEES_IN)[number]

/** The quote a leg was priced from, and where it stands on the log: anybody can look it up. */
export type LegEvidence = {
  readonly partition: number
  readonly offset: number
  readonly eventTime: Micros
  readonly bid: number
  readonly bidSize: number | undefined
  readonly ask: number
  readonly askSize: number | undefined
}

/** One side of an opportunity: what to do where, at the touch. */
export type Leg = {
  readonly exchange: string
  readonly symbol: string
  readonly side: Side
  /** In the symbol's own quote units; of an inverse symbol its own price, not the turned one. */
  readonly price: number
  /** What stands at the touch, in base units of the opportunity. */
  readonly size: number
  /** Taker fee in basis points, and whether it is taken from the base or the quote amount. */
  readonly feeBps: number
  readonly feeIn: FeeIn
  /** Numeraire per unit of the leg's quote asset, on the unfavourable side; 1 without conversion. */
  readonly rate: number
  /** Age of the quote, and since it was last confirmed, in milliseconds of T. */
  readonly quoteAgeMs: number
  readonly confirmedAgeMs: number
  /** Beyond the exchange's usual delay, in milliseconds; `undefined` where the exchange gives no time. */
  readonly lagMs: number | undefined
  readonly evidence: LegEvidence
}

/** What an opportunity has been since it opened; on UPDATE and CLOSE. */
export type Life = {
  readonly openedAt: Micros
  readonly durationMs: number
  /** Records written between OPEN and this one. */
  readonly updates: number
  readonly peakBps: number
  readonly peakProfit: number
  /** Integral of the edge over time / duration, in basis points. */
  readonly timeWeightedBps: number
  /** Integral of the profit over time, in numeraire x seconds. */
  readonly profitTime: number
}

/** Whether it could still be had that long after it opened; both `undefined` if it was cut by ttl or configuration. */
export type Survival = {
  readonly delayMs: number
  readonly edgeBps: number | undefined
  readonly executable: boolean | undefined
}

/**
 * A record of an opportunity's life (arbitrage.md section 4). `at` is the record's moment: T, or of OPEN and of closes by a
 * timer their deadline. Past `openedAt` rounded up to a multiple of `ttlMs` one has ended, with or without CLOSE.
 */
export type Opportunity = {
  /** `x:partition:offset:ordinal` of the input record that made the candidate, with the rank of its route (`t`, `s`: other kinds). */
  readonly opportunityId: string
  readonly kind: OpportunityKind
  readonly phase: Phase
  readonly at: Micros
  /** SIMULATED if any leg is, RECORDED if any is and none is simulated, else LIVE. */
  readonly feed: Feed
  /** The asset that is bought and sold. */
  readonly base: string
  readonly legs: readonly Leg[]
  /** Before and after fees and conversion, in basis points of the cost. */
  readonly grossBps: number
  readonly edgeBps: number
  /** Base units that both touches, lots and the cap allow. */
  readonly size: number
  /** Cost of `size`, and what is left after all fees, in the numeraire. */
  readonly notional: number
  readonly profit: number
  readonly numeraire: string
  /** Epoch of the control document that was in force. */
  readonly costsEpoch: number
  readonly ttlMs: number
  /** A leg's exchange is closed to most (capital controls): never an alert. */
  readonly restricted: boolean
  readonly life: Life | undefined
  readonly reason: CloseReason | undefined
  /** On CLOSE: one per configured delay, ascending; else empty. */
  readonly executableAfter: readonly Survival[]
}
