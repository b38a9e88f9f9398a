import fc from 'fast-check'
import type { Payload, Tick } from '../../core/tick.ts'
import { EXCHANGES, FEEDS, GAP_REASONS, HEARTBEAT_STATES, QUOTE_SOURCES, SIDES, TIME_SOURCES } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'

const START = Date.UTC(2020, 0, 1) * 1000

export const arbitraryMicros: fc.Arbitrary<Micros> = fc
  .integer({ min: 0, max: 3e15 })
  .map((offset) => micros(START + (offset % 2e15)))
/** fast-check's records have no prototype; decoded ones are ordinary objects, and the strict comparison sees that. */
export const plainRecord = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true })

/** avsc refuses the last few integers below 2^53. */
export const arbitraryCount = fc.integer({ min: 0, max: 2 ** 53 - 10 })
const amount = fc.double({ min: 1e-9, max: 1e9, noNaN: true })
const optionalAmount = fc.option(amount, { nil: undefined })
const spread = fc.double({ min: 1e-6, max: 1, noNaN: true })
const sides = fc.tuple(amount, spread).map(([bid, factor]) => ({ bid, ask: bid * (1 + factor) }))

/** One arbitrary per payload kind, so that a test can prove it met them all. */
export const arbitraryPayloads: { readonly [K in Payload['kind']]: fc.Arbitrary<Extract<Payload, { kind: K }>> } = {
  trade: plainRecord({
    kind: fc.constant('trade'),
    id: fc.string({ minLength: 1, unit: 'binary' }),
    side: fc.option(fc.constantFrom(...SIDES), { nil: undefined }),
    price: amount,
    size: amount,
  }),
  quote: plainRecord({
    sides,
    bidSize: optionalAmount,
    askSize: optionalAmount,
    source: fc.constantFrom(...QUOTE_SOURCES),
  }).map(({ sides: { bid, ask }, bidSize, askSize, source }) => ({
    kind: 'quote',
    bid,
    bidSize,
    ask,
    askSize,
    source,
  })),
  heartbeat: plainRecord({
    kind: fc.constant('heartbeat'),
    state: fc.constantFrom(...HEARTBEAT_STATES),
    lastSequence: arbitraryCount,
  }),
  gap: fc
    .tuple(arbitraryMicros, fc.nat(1e9), fc.constantFrom(...GAP_REASONS), fc.boolean())
    .map(([from, length, reason, backfilled]) => ({
      kind: 'gap',
      from,
      to: micros(from + length),
      reason,
      backfilled,
    })),
  control: plainRecord({
    kind: fc.constant('control'),
    documentId: fc.string({ minLength: 1 }),
    epoch: arbitraryCount,
    hash: fc.string(),
    body: fc.uint8Array(),
  }),
  rate: sides.map(({ bid, ask }) => ({ kind: 'rate', bid, ask })),
}

/** A tick that passes the domain check, with the given payload. */
export const arbitraryTick = (payload: fc.Arbitrary<Payload>): fc.Arbitrary<Tick> =>
  plainRecord({
    exchange: fc.constantFrom<string>(...EXCHANGES),
    symbol: fc.constantFrom('BTC-USDT', 'ETH-BTC', 'SOL-USD-PERP'),
    feed: fc.constantFrom(...FEEDS),
    eventTime: arbitraryMicros,
    timeSource: fc.constantFrom(...TIME_SOURCES),
    receiveTime: arbitraryMicros,
    session: arbitraryMicros,
    ordinal: arbitraryCount,
    sequence: arbitraryCount,
    origin: fc.option(plainRecord({ partition: fc.nat(255), offset: arbitraryCount }), { nil: undefined }),
    payload,
  }).map((tick) => (tick.payload.kind === 'control' ? { ...tick, exchange: '', symbol: '' } : tick))
