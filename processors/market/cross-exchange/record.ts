import type { Entity } from '../../../core/arbitrage/life.ts'
import { lifeOf, survivalOf } from '../../../core/arbitrage/life.ts'
import type { CloseReason, Leg, Opportunity, Phase } from '../../../core/opportunity.ts'
import { confirmedAt } from '../../../core/quotes.ts'
import type { Feed, Side } from '../../../core/tick.ts'
import { MICROS_PER_MILLI, type Micros } from '../../../core/time.ts'
import type { CrossFound, InForce, LegFound } from './judge.ts'
import type { Member, Route } from './routes.ts'

/** The record of what an entity is at `at`; its life is summed up to there. */
export function recordOf(
  { buy, sell, currency }: Route,
  { id, found, open }: Entity<CrossFound>,
  phase: Phase,
  at: Micros,
  { epoch, config }: InForce,
  reason?: CloseReason,
): Opportunity {
  return {
    opportunityId: id,
    kind: 'CROSS_EXCHANGE',
    phase,
    at,
    feed: leastClaim(found.buy.quote.feed, found.sell.quote.feed),
    base: buy.base,
    legs: [legOf(buy, 'BUY', found.buy, at), legOf(sell, 'SELL', found.sell, at)],
    grossBps: found.grossBps,
    edgeBps: found.edgeBps,
    size: found.size,
    notional: found.notional,
    profit: found.profit,
    numeraire: currency,
    costsEpoch: epoch,
    ttlMs: config.ttlMs,
    restricted: buy.isRestricted || sell.isRestricted,
    life: open === undefined || phase === 'OPEN' ? undefined : lifeOf(open, found),
    reason,
    executableAfter: open === undefined || reason === undefined ? [] : survivalOf(open, reason, config),
  }
}

function legOf(
  { exchange, symbol, feeBps, law }: Member,
  side: Side,
  { quote, rate, available }: LegFound,
  at: Micros,
): Leg {
  const { partition, offset, eventTime, bid, bidSize, ask, askSize, lagMs } = quote
  // Buying A in an inverse symbol B-A takes the bid of B.
  const isAsk = (side === 'BUY') !== law.isInverse
  return {
    exchange,
    symbol,
    side,
    price: isAsk ? ask : bid,
    size: available,
    feeBps,
    feeIn: law.feeIn,
    rate,
    quoteAgeMs: (at - quote.time) / MICROS_PER_MILLI,
    confirmedAgeMs: (at - confirmedAt(quote)) / MICROS_PER_MILLI,
    lagMs,
    evidence: { partition, offset, eventTime, bid, bidSize, ask, askSize },
  }
}

/** From the least claim to the greatest; quotes are never backfilled. */
const CLAIMS: readonly Feed[] = ['SIMULATED', 'RECORDED', 'BACKFILL', 'LIVE']
const leastClaim = (one: Feed, other: Feed): Feed => (CLAIMS.indexOf(one) <= CLAIMS.indexOf(other) ? one : other)
