import type { Candle } from '../core/candle.ts'
import type { Leg, Life, Opportunity, Survival } from '../core/opportunity.ts'
import type { Derived } from '../core/processor.ts'
import type { Codec } from './codec.ts'

/** Domain to and from what avsc encodes, for the records that processors derive; absent is null there and `undefined` here. */
export const candleCodec: Codec<Derived<Candle>, Derived<Candle>> = {
  schema: 'Candle',
  toWire: (candle) => candle,
  fromWire: (wire) => ({ ...wire, origin: { ...wire.origin } }),
}

export const opportunityCodec: Codec<Derived<Opportunity>, WireOpportunity> = {
  schema: 'Opportunity',
  toWire: (opportunity) => ({
    ...opportunity,
    legs: opportunity.legs.map(legToWire),
    life: opportunity.life ?? null,
    reason: opportunity.reason ?? null,
    executableAfter: opportunity.executableAfter.map(({ delayMs, edgeBps, executable }) => ({
      delayMs,
      edgeBps: edgeBps ?? null,
      executable: executable ?? null,
    })),
  }),
  fromWire: (wire) => ({
    ...wire,
    legs: wire.legs.map(legFromWire),
    life: wire.life === null ? undefined : { ...wire.life },
    reason: wire.reason ?? undefined,
    executableAfter: wire.executableAfter.map(({ delayMs, edgeBps, executable }) => ({
      delayMs,
      edgeBps: edgeBps ?? undefined,
      executable: executable ?? undefined,
    })),
    origin: { ...wire.origin },
  }),
}

const legToWire = (leg: Leg): WireLeg => ({
  ...leg,
  lagMs: leg.lagMs ?? null,
  evidence: { ...leg.evidence, bidSize: leg.evidence.bidSize ?? null, askSize: leg.evidence.askSize ?? null },
})

const legFromWire = (wire: WireLeg): Leg => ({
  ...wire,
  lagMs: wire.lagMs ?? undefined,
  evidence: {
    ...wire.evidence,
    bidSize: wire.evidence.bidSize ?? undefined,
    askSize: wire.evidence.askSize ?? undefined,
  },
})

type Nullable<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] }
type WireLeg = Omit<Nullable<Leg>, 'evidence'> & { readonly evidence: Nullable<Leg['evidence']> }
export type WireOpportunity = Omit<Derived<Opportunity>, 'legs' | 'life' | 'reason' | 'executableAfter'> & {
  readonly legs: readonly WireLeg[]
  readonly life: Life | null
  readonly reason: Exclude<Opportunity['reason'], undefined> | null
  readonly executableAfter: readonly Nullable<Survival>[]
}
