import { ruleAlert, type WrittenAlert } from '../../core/alert.ts'
import type { Candle } from '../../core/candle.ts'
import type { Finding } from '../../core/finding.ts'
import type { Match } from '../../core/match.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Derived, Origin, Output } from '../../core/processor.ts'
import type { SystemEvent } from '../../core/service.ts'
import type { MarketOutput } from './market.ts'

/** How each kind of output is written; one per topic. */
export type MarketEncoders = {
  readonly candle: (value: Derived<Candle>) => Buffer
  readonly opportunity: (value: Derived<Opportunity>) => Buffer
  readonly event: (value: SystemEvent) => Buffer
  readonly match: (value: Derived<Match>) => Buffer
  readonly alert: (value: WrittenAlert) => Buffer
}

export function encodeMarket(encoders: MarketEncoders, { value, origin }: Output<MarketOutput>): Buffer {
  switch (value.kind) {
    case 'candle':
      return encoders.candle({ ...value.candle, origin })
    case 'opportunity':
      return encoders.opportunity({ ...value.opportunity, origin })
    case 'finding':
      return encoders.event(eventOf(value.finding, origin))
    case 'match':
      return encoders.match({ ...value.match, origin })
    case 'alert':
      return encoders.alert(ruleAlert(value.alert, origin))
  }
}

/** More outputs than this no record has; so (instance, sequence) names a derived event in its table. */
const MOST_OUTPUTS = 100_000

/** A finding as a system event: of the partition, not of a process, since every run must write the same bytes. */
export const eventOf = ({ kind, exchange, symbol, at, message, details }: Finding, origin: Origin): SystemEvent => ({
  kind: 'QUALITY',
  service: origin.processor,
  instance: `${origin.processor} partition ${origin.partition}`,
  sequence: origin.offset * MOST_OUTPUTS + origin.ordinal,
  time: at,
  exchange: exchange === '' ? undefined : exchange,
  symbol: symbol === '' ? undefined : symbol,
  message,
  details: { finding: kind, ...details },
  origin,
})
