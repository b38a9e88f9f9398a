import type { Arrival } from '../../core/arrivals.ts'
import type { FindingKind } from '../../core/finding.ts'
import { MEMORY } from '../../core/partition-clock.ts'
import type { Effects, Stage } from '../../core/processor.ts'
import type { Quote } from '../../core/tick.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../../core/time.ts'
import type { MarketEvent } from './events.ts'
import { isOutlier, type Mids } from './outliers.ts'

/**
 * A quote that is not renewed for this long while its session lives is worth a word (arbitrage.md section 3, maxQuoteAge); one
 * of more than {@link MEMORY} ago is not: after an outage a run that began during it has never seen it.
 */
export const STALE = 60 * MICROS_PER_SECOND

/** Memory of one exchange's symbol. */
type Leg = {
  /** Ids of trades, with the time of the last copy, oldest first: what came in the last 10 min of T is a repeat. */
  readonly trades: Map<string, Micros>
  /** Time of the quote that stands, if it was not found stale yet. */
  quotedAt: Micros | undefined
}
export type QualityState = {
  /** By exchange, then by symbol. */
  readonly legs: Map<string, Map<string, Leg>>
  readonly mids: Mids
  /** By finding, exchange and symbol: the minute of T of the last one told. */
  readonly told: Map<string, number>
}

/**
 * What is odd in the ticks. Trades whose id came within the last 10 min of T drop out, counted `duplicate` (two producers of
 * one exchange, rotation, backfill); quotes that cannot be true go on, flagged. Findings are told once a minute of T for each
 * exchange, symbol and kind, and counted always.
 */
export const quality: Stage<QualityState, Arrival, MarketEvent> = {
  initial: () => ({ legs: new Map(), mids: new Map(), told: new Map() }),
  step(state, arrival, effects) {
    const { tick, now } = arrival
    const { payload } = tick
    const found = (kind: FindingKind, message: string): void => tell(state, arrival, kind, message, effects)
    let isFlagged = false
    switch (payload.kind) {
      case 'trade':
        if (isRepeat(legOf(state, tick.exchange, tick.symbol), payload.id, now)) {
          found('REPEAT', `trade ${payload.id} came again`)
          return effects.count('duplicate')
        }
        break
      case 'quote':
        isFlagged = judgeQuote(state, arrival, payload, found)
        break
      case 'gap':
        if (payload.reason === 'SEQUENCE') found('SEQUENCE_GAP', 'the numbers of the exchange have a hole')
        if (payload.reason === 'WITHDRAWN') forget(state, tick.exchange, tick.symbol)
        break
      case 'heartbeat':
        if (payload.state === 'UP') findStale(state, arrival, effects)
        break
      case 'control':
      case 'rate':
        break
    }
    effects.count('processed')
    effects.emit({ ...arrival, isFlagged })
  },
}

function legOf({ legs }: QualityState, exchange: string, symbol: string): Leg {
  let symbols = legs.get(exchange)
  if (symbols === undefined) {
    symbols = new Map()
    legs.set(exchange, symbols)
  }
  let leg = symbols.get(symbol)
  if (leg === undefined) {
    leg = { trades: new Map(), quotedAt: undefined }
    symbols.set(symbol, leg)
  }
  return leg
}

/** Every copy renews the memory of its id: so the answer depends on the last 10 min alone, wherever a run began. */
function isRepeat({ trades }: Leg, id: string, now: Micros): boolean {
  for (const [old, at] of trades) {
    if (at > now - MEMORY) break
    trades.delete(old)
  }
  const isKnown = trades.delete(id)
  trades.set(id, now)
  return isKnown
}

function judgeQuote(
  state: QualityState,
  { tick, now }: Arrival,
  { bid, ask }: Quote,
  found: (kind: FindingKind, message: string) => void,
): boolean {
  const { exchange, symbol } = tick
  legOf(state, exchange, symbol).quotedAt = now
  if (bid >= ask) {
    found('CROSSED', `bid ${bid} is not below ask ${ask}`)
    return true
  }
  const median = isOutlier(state.mids, { exchange, symbol, mid: (bid + ask) / 2, now })
  if (median === undefined) return false
  found('OUTLIER', `the other exchanges' median is ${median}, this one's middle ${(bid + ask) / 2}`)
  return true
}

function forget({ legs, mids }: QualityState, exchange: string, symbol: string): void {
  const leg = legs.get(exchange)?.get(symbol)
  if (leg !== undefined) leg.quotedAt = undefined
  mids.get(symbol)?.delete(exchange)
}

function findStale(state: QualityState, arrival: Arrival, effects: Effects<MarketEvent>): void {
  const { tick, now } = arrival
  const legs = state.legs.get(tick.exchange) ?? new Map<string, Leg>()
  const stale = [...legs].filter(
    ([, { quotedAt }]) => quotedAt !== undefined && now - quotedAt >= STALE && now - quotedAt < MEMORY,
  )
  // By name: the order in which symbols first came depends on where a run began.
  for (const [symbol, leg] of stale.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    leg.quotedAt = undefined
    const message = `no quote for ${STALE / MICROS_PER_SECOND} s`
    tell(state, { ...arrival, tick: { ...tick, symbol } }, 'STALE', message, effects)
  }
}

function tell(
  { told }: QualityState,
  { tick, now }: Arrival,
  kind: FindingKind,
  message: string,
  { emit, count }: Effects<MarketEvent>,
): void {
  count(`finding_${kind.toLowerCase()}`)
  const { exchange, symbol } = tick
  const key = `${kind} ${exchange} ${symbol}`
  const minute = Math.floor(now / MICROS_PER_MINUTE)
  if (told.get(key) === minute) return
  told.set(key, minute)
  emit({ kind: 'finding', finding: { kind, exchange, symbol, at: now, message, details: {} } })
}
