import type { CloseReason, FeeIn, Leg, Opportunity, OpportunityKind, Phase, Survival } from '../core/opportunity.ts'
import type { Derived, Origin } from '../core/processor.ts'
import type { Feed, Side } from '../core/tick.ts'
import { micros, toIso, type Micros } from '../core/time.ts'
import { decimalText } from './price.ts'

/** One side of a signal, and the quote it was priced from with its place on the log. Decimals are text, times ISO 8601. */
export type SignalLeg = {
  readonly exchange: string
  readonly symbol: string
  readonly side: Side
  readonly price: string
  readonly size: string
  readonly feeBps: number
  readonly feeIn: FeeIn
  readonly rate: number
  readonly quoteAgeMs: number
  readonly confirmedAgeMs: number
  readonly lagMs: number | undefined
  readonly evidence: {
    readonly partition: number
    readonly offset: number
    readonly eventTime: string
    readonly bid: string
    readonly bidSize: string | undefined
    readonly ask: string
    readonly askSize: string | undefined
  }
}

/** An opportunity as readers get it, REST and WebSocket alike: its newest record, and what it has been. */
export type Signal = {
  readonly id: string
  readonly kind: OpportunityKind
  /** `closed` by its CLOSE, or because its time is over without one. */
  readonly state: 'open' | 'closed'
  readonly phase: Phase
  readonly base: string
  readonly legs: readonly SignalLeg[]
  readonly openedAt: string
  readonly updatedAt: string
  readonly closedAt: string | undefined
  readonly endsBy: string
  readonly feed: Feed
  readonly grossBps: number
  readonly edgeBps: number
  readonly openEdgeBps: number | undefined
  readonly peakBps: number
  readonly timeWeightedBps: number
  readonly size: string
  readonly notional: string
  readonly profit: string
  readonly peakProfit: string
  readonly profitTime: string
  readonly numeraire: string
  readonly costsEpoch: number
  readonly reason: CloseReason | undefined
  readonly restricted: boolean
  readonly updates: number
  readonly durationMs: number
  readonly executableAfter: readonly Survival[]
  readonly ttlMs: number
  readonly origin: Origin
}

/** The moment at which every opportunity that opened then is cut: the next multiple of its time to live. */
export const endsBy = (openedAt: Micros, ttlMs: number): Micros =>
  micros(Math.ceil(openedAt / (ttlMs * 1000)) * ttlMs * 1000)

/** A record of the log as a signal; `openEdgeBps` is known of one whose OPEN was seen. */
export function signalOf(record: Derived<Opportunity>, openEdgeBps?: number): Signal {
  const { life, phase, edgeBps, profit } = record
  const openedAt = life?.openedAt ?? record.at
  return {
    id: record.opportunityId,
    kind: record.kind,
    state: phase === 'CLOSE' ? 'closed' : 'open',
    phase,
    base: record.base,
    legs: record.legs.map(legOf),
    openedAt: toIso(openedAt),
    updatedAt: toIso(record.at),
    closedAt: phase === 'CLOSE' ? toIso(record.at) : undefined,
    endsBy: toIso(endsBy(openedAt, record.ttlMs)),
    feed: record.feed,
    grossBps: record.grossBps,
    edgeBps,
    openEdgeBps: phase === 'OPEN' ? edgeBps : openEdgeBps,
    peakBps: life?.peakBps ?? edgeBps,
    timeWeightedBps: life?.timeWeightedBps ?? edgeBps,
    size: decimalText(record.size),
    notional: decimalText(record.notional),
    profit: decimalText(profit),
    peakProfit: decimalText(life?.peakProfit ?? profit),
    profitTime: decimalText(life?.profitTime ?? 0),
    numeraire: record.numeraire,
    costsEpoch: record.costsEpoch,
    reason: record.reason,
    restricted: record.restricted,
    updates: life?.updates ?? 0,
    durationMs: life?.durationMs ?? 0,
    executableAfter: record.executableAfter,
    ttlMs: record.ttlMs,
    origin: record.origin,
  }
}

export const legOf = ({ evidence, price, size, ...leg }: Leg): SignalLeg => ({
  ...leg,
  price: decimalText(price),
  size: decimalText(size),
  evidence: {
    partition: evidence.partition,
    offset: evidence.offset,
    eventTime: toIso(evidence.eventTime),
    bid: decimalText(evidence.bid),
    bidSize: decimalText(evidence.bidSize),
    ask: decimalText(evidence.ask),
    askSize: decimalText(evidence.askSize),
  },
})

/** Which signals are wanted; `undefined` is every. */
export type SignalFilter = {
  readonly kind: OpportunityKind | undefined
  readonly symbols: ReadonlySet<string> | undefined
  /** Of the greatest edge so far: what has passed once stays, so that its end is told too. */
  readonly minEdgeBps: number | undefined
}

export const fits = ({ kind, symbols, minEdgeBps }: SignalFilter, signal: Signal): boolean =>
  (kind === undefined || signal.kind === kind) &&
  (symbols === undefined || signal.legs.some(({ symbol }) => symbols.has(symbol))) &&
  (minEdgeBps === undefined || signal.peakBps >= minEdgeBps)

/** Equal for filters that let the same signals through, so that their clients share one serialised message. */
export const signalFilterKey = ({ kind, symbols, minEdgeBps }: SignalFilter): string =>
  JSON.stringify([kind, symbols && [...symbols].toSorted(), minEdgeBps])
