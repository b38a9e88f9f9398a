import { readFileSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import avsc from 'avsc'
import type { ReplayLog } from '../../cli/replay-log.ts'
import type { OpenTick } from '../../core/arrivals.ts'
import { stampOf } from '../../core/partition-clock.ts'
import { fold, type Logged, type Output } from '../../core/processor.ts'
import type { Tick } from '../../core/tick.ts'
import { slotName, type Incoming, type Slot } from '../../io/kafka/port.ts'
import { slabEncoder } from '../../io/registry.ts'
import { market, type MarketOutput } from '../../processors/market/market.ts'
import { encodeMarket } from '../../processors/market/wire.ts'
import { systemEventCodec, tickCodec, type Codec } from '../../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../../schemas/derived.ts'
import { alertCodec, matchCodec } from '../../schemas/matches.ts'
import { catalogue, type Catalogue, type SchemaName } from '../../schemas/topics.ts'

/** Records by slot, {@link slotName}. */
export type Slots = Map<string, readonly Incoming[]>

const SCHEMAS: readonly SchemaName[] = ['Tick', 'Candle', 'Opportunity', 'SystemEvent', 'Match', 'Alert']
const textOf = (name: SchemaName): string =>
  readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8')

/** A log in memory, delivered in batches of this size; ids of schemas are their places in {@link SCHEMAS}. */
export function memoryLog(slots: Slots, batch = 100): ReplayLog {
  const recordsOf = (slot: Slot): readonly Incoming[] => slots.get(slotName(slot)) ?? []
  const bounds = (slot: Slot) => {
    const records = recordsOf(slot)
    return { first: records[0]?.offset ?? 0, end: (records.at(-1)?.offset ?? -1) + 1 }
  }
  return {
    bounds: async (slot) => bounds(slot),
    atTime: async (slot, timestampMs) =>
      recordsOf(slot).find((record) => record.timestampMs >= timestampMs)?.offset ?? bounds(slot).end,
    async *read(slot, from, to) {
      const { first, end } = bounds(slot)
      if (from < first || to > end) throw new RangeError(`${slotName(slot)}: ${from}..${to}`)
      const wanted = recordsOf(slot).filter(({ offset }) => offset >= from && offset < to)
      for (let at = 0; at < wanted.length; at += batch) yield wanted.slice(at, at + batch)
    },
    async partitions(topic) {
      return [...slots.keys()].flatMap((name) => (name.startsWith(`${topic}:`) ? [Number(name.split(':')[1])] : []))
    },
    schemaText: async (id) => {
      const name = SCHEMAS[id]
      return name === undefined ? undefined : textOf(name)
    },
    close: () => Promise.resolve(),
  }
}

const encoderOf = <Domain, Wire>(codec: Codec<Domain, Wire>): ((value: Domain) => Buffer) =>
  slabEncoder(SCHEMAS.indexOf(codec.schema), avsc.Type.forSchema(JSON.parse(textOf(codec.schema))), codec)
const encodeTick = encoderOf(tickCodec)
const encoders = {
  candle: encoderOf(candleCodec),
  opportunity: encoderOf(opportunityCodec),
  event: encoderOf(systemEventCodec),
  match: encoderOf(matchCodec),
  alert: encoderOf(alertCodec),
}

/** A tick before its control document was opened. */
export function closed(value: OpenTick): Tick {
  const { payload } = value
  if (payload.kind !== 'control') return { ...value, payload }
  const { document, ...control } = payload
  return { ...value, payload: { ...control, body: zstdCompressSync(JSON.stringify(document)) } }
}

/** Ticks as they stand on the log. */
export const tickRecords = (log: readonly Logged<OpenTick>[]): readonly Incoming[] =>
  log.map(({ offset, timestampMs, value }) => ({
    offset,
    timestampMs,
    key: Buffer.from('key'),
    value: encodeTick(closed(value)),
  }))

export const MARKET_TOPICS: Catalogue = catalogue(1)

/** The market processor, as it is or with another version of its code. */
export const marketOf = ({ ticks, candles, opportunities, system, matches, alerts }: Catalogue = MARKET_TOPICS) =>
  market({
    ticks: ticks.name,
    candles: candles.name,
    opportunities: opportunities.name,
    system: system.name,
    matches: matches.name,
    alerts: alerts.name,
    inverses: new Set(),
  })

/** A log and what the market processor wrote to it, on partition 0. */
export function writtenLog(log: readonly Logged<OpenTick>[]): {
  readonly slots: Slots
  readonly outputs: readonly Output<MarketOutput>[]
} {
  const { outputs } = fold(marketOf(), log)
  const slots: Slots = new Map([[`${MARKET_TOPICS.ticks.name}:0`, tickRecords(log)]])
  for (const topic of marketOf().outputs) slots.set(`${topic}:0`, outputRecords(outputs, topic))
  return { slots, outputs }
}

const outputRecords = (outputs: readonly Output<MarketOutput>[], topic: string): readonly Incoming[] =>
  outputs
    .filter((output) => output.topic === topic)
    .map((output, offset) => ({
      offset,
      key: Buffer.from(output.key),
      timestampMs: stampOf(output.time),
      value: encodeMarket(encoders, output),
    }))

/** An output as the processor would write it. */
export const encodeOutput = (output: Output<MarketOutput>): Buffer => encodeMarket(encoders, output)
