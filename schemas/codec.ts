import { assertNever } from '../core/assert.ts'
import type { Origin } from '../core/processor.ts'
import type { ServiceHeartbeat, SystemEvent } from '../core/service.ts'
import type { Gap, Payload, Quote, Tick, TickOrigin, Trade } from '../core/tick.ts'
import type { SchemaName } from './topics.ts'

/**
 * Domain value to and from what avsc encodes and decodes. The only place that knows avsc's shapes: a union of records is
 * wrapped as `{ 'crosstide.Name': {...} }`, absent is null there and `undefined` here.
 */
export type Codec<Domain, Wire> = {
  readonly schema: SchemaName
  toWire(value: Domain): Wire
  fromWire(wire: Wire): Domain
}

export const tickCodec: Codec<Tick, WireTick> = {
  schema: 'Tick',
  toWire: (tick) => ({ ...tick, origin: tick.origin ?? null, payload: payloadToWire(tick.payload) }),
  fromWire: (wire) => ({
    exchange: wire.exchange,
    symbol: wire.symbol,
    feed: wire.feed,
    eventTime: wire.eventTime,
    timeSource: wire.timeSource,
    receiveTime: wire.receiveTime,
    session: wire.session,
    ordinal: wire.ordinal,
    sequence: wire.sequence,
    origin: wire.origin === null ? undefined : { partition: wire.origin.partition, offset: wire.origin.offset },
    payload: payloadFromWire(wire.payload),
  }),
}

export const serviceHeartbeatCodec: Codec<ServiceHeartbeat, ServiceHeartbeat> = {
  schema: 'ServiceHeartbeat',
  toWire: (heartbeat) => heartbeat,
  fromWire: (wire) => ({ ...wire, figures: { ...wire.figures } }),
}

export const systemEventCodec: Codec<SystemEvent, WireSystemEvent> = {
  schema: 'SystemEvent',
  toWire: (event) => ({
    ...event,
    exchange: event.exchange ?? null,
    symbol: event.symbol ?? null,
    origin: event.origin ?? null,
  }),
  fromWire: (wire) => ({
    ...wire,
    exchange: wire.exchange ?? undefined,
    symbol: wire.symbol ?? undefined,
    details: { ...wire.details },
    origin: wire.origin === null ? undefined : { ...wire.origin },
  }),
}

function payloadToWire(payload: Payload): WirePayload {
  switch (payload.kind) {
    case 'trade':
      return {
        'crosstide.Trade': { id: payload.id, side: payload.side ?? null, price: payload.price, size: payload.size },
      }
    case 'quote':
      return {
        'crosstide.Quote': {
          bid: payload.bid,
          bidSize: payload.bidSize ?? null,
          ask: payload.ask,
          askSize: payload.askSize ?? null,
          source: payload.source,
        },
      }
    case 'heartbeat':
      return { 'crosstide.Heartbeat': payload }
    case 'gap':
      return { 'crosstide.Gap': payload }
    case 'control':
      return { 'crosstide.Control': { ...payload, body: Buffer.from(payload.body) } }
    case 'rate':
      return { 'crosstide.Rate': payload }
    default:
      return assertNever(payload)
  }
}

/** Throws TypeError on a kind of a newer schema; readers count and skip it. */
function payloadFromWire(wire: WirePayload): Payload {
  if (wire['crosstide.Quote'] !== undefined) {
    const { bid, bidSize, ask, askSize, source } = wire['crosstide.Quote']
    return { kind: 'quote', bid, bidSize: bidSize ?? undefined, ask, askSize: askSize ?? undefined, source }
  }
  if (wire['crosstide.Trade'] !== undefined) {
    const { id, side, price, size } = wire['crosstide.Trade']
    return { kind: 'trade', id, side: side ?? undefined, price, size }
  }
  if (wire['crosstide.Heartbeat'] !== undefined) {
    const { state, lastSequence } = wire['crosstide.Heartbeat']
    return { kind: 'heartbeat', state, lastSequence }
  }
  if (wire['crosstide.Gap'] !== undefined) {
    const { from, to, reason, backfilled } = wire['crosstide.Gap']
    return { kind: 'gap', from, to, reason, backfilled }
  }
  if (wire['crosstide.Rate'] !== undefined) {
    const { bid, ask } = wire['crosstide.Rate']
    return { kind: 'rate', bid, ask }
  }
  if (wire['crosstide.Control'] !== undefined) {
    const { documentId, epoch, hash, body } = wire['crosstide.Control']
    return { kind: 'control', documentId, epoch, hash, body: Uint8Array.from(body) }
  }
  throw new TypeError(`unknown payload kind: ${Object.keys(wire).join()}`)
}

type Nullable<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] }
type Fields<T> = Omit<T, 'kind'>

export type WireTick = Omit<Tick, 'origin' | 'payload'> & {
  readonly origin: TickOrigin | null
  readonly payload: WirePayload
}
export type WireSystemEvent = Omit<SystemEvent, 'exchange' | 'symbol' | 'origin'> & {
  readonly exchange: string | null
  readonly symbol: string | null
  readonly origin: Origin | null
}
type WirePayload = {
  readonly 'crosstide.Trade'?: Nullable<Fields<Trade>>
  readonly 'crosstide.Quote'?: Nullable<Fields<Quote>>
  readonly 'crosstide.Heartbeat'?: Fields<Extract<Payload, { kind: 'heartbeat' }>>
  readonly 'crosstide.Gap'?: Fields<Gap>
  readonly 'crosstide.Rate'?: Fields<Extract<Payload, { kind: 'rate' }>>
  readonly 'crosstide.Control'?: Omit<Fields<Extract<Payload, { kind: 'control' }>>, 'body'> & { readonly body: Buffer }
}
