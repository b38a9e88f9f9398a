import { ruleAlert } from '../core/alert.ts'
import type { OpenTick } from '../core/arrivals.ts'
import { PipelineError } from '../core/errors.ts'
import { timeOf } from '../core/partition-clock.ts'
import type { Origin, Output } from '../core/processor.ts'
import { slotName } from '../io/kafka/port.ts'
import { createLog } from '../io/log.ts'
import { openTick, recordReader } from '../io/processor/reading.ts'
import type { Decoder } from '../io/registry.ts'
import { openIdSchemas } from '../io/replay-schemas.ts'
import { configuresMarket, market, type MarketOutput } from '../processors/market/market.ts'
import { encodeMarket, eventOf } from '../processors/market/wire.ts'
import { systemEventCodec, tickCodec, type Codec } from '../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../schemas/derived.ts'
import { alertCodec, matchCodec } from '../schemas/matches.ts'
import type { Catalogue } from '../schemas/topics.ts'
import type { ReplayLog } from './replay-log.ts'
import type { Replay, Value } from './replay-rerun.ts'

type MarketReplay = Replay<ReturnType<ReturnType<typeof market>['initial']>, OpenTick, MarketOutput>

/** The market processor as `processors/main.ts` runs it, over a log that was written already. */
export function marketReplay(log: ReplayLog, topics: Catalogue, inverses: ReadonlySet<string>): MarketReplay {
  const { ticks, candles, opportunities, system, matches, alerts } = topics
  const schemas = openIdSchemas((id) => log.schemaText(id))
  const decoders = new Map<string, Decoder<{ readonly origin?: Origin | undefined }>>()
  decoders.set(candles.name, schemas.decoder(candleCodec))
  decoders.set(opportunities.name, schemas.decoder(opportunityCodec))
  decoders.set(system.name, schemas.decoder(systemEventCodec))
  decoders.set(matches.name, schemas.decoder(matchCodec))
  decoders.set(alerts.name, schemas.decoder(alertCodec))
  const specs = new Map(Object.values(topics).map((spec) => [spec.name, spec]))
  const wait = (): Promise<void> => Promise.resolve()
  const reading = recordReader({ decoder: schemas.decoder(tickCodec), log: createLog('cli', 'silent'), wait }, openTick)
  return {
    processor: market({
      ticks: ticks.name,
      candles: candles.name,
      opportunities: opportunities.name,
      system: system.name,
      matches: matches.name,
      alerts: alerts.name,
      inverses,
    }),
    log,
    async read(slot, records) {
      const reads = await reading.read(slot, records, () => Promise.resolve(false))
      if (reads !== undefined) return reads
      throw new PipelineError('SCHEMA_REFUSED', `${slotName(slot)}: the registry does not know a schema of its records`)
    },
    timeOf,
    configures: configuresMarket,
    // All with one schema: only the one whose schema it is will be asked.
    async encoder(id) {
      const candle = await schemas.encoder(id, candleCodec)
      const opportunity = await schemas.encoder(id, opportunityCodec)
      const event = await schemas.encoder(id, systemEventCodec)
      const match = await schemas.encoder(id, matchCodec)
      const alert = await schemas.encoder(id, alertCodec)
      if (candle === undefined || opportunity === undefined || event === undefined) return undefined
      if (match === undefined || alert === undefined) return undefined
      return (output) => encodeMarket({ candle, opportunity, event, match, alert }, output)
    },
    valueOf,
    decoder: (topic) => decoders.get(topic),
    partitions: (topic) => specs.get(topic)?.partitions ?? 1,
  }
}

function valueOf({ value, origin }: Output<MarketOutput>): Value {
  switch (value.kind) {
    case 'candle':
      return valueBy(candleCodec, { ...value.candle, origin })
    case 'opportunity':
      return valueBy(opportunityCodec, { ...value.opportunity, origin })
    case 'finding':
      return valueBy(systemEventCodec, eventOf(value.finding, origin))
    case 'match':
      return valueBy(matchCodec, { ...value.match, origin })
    case 'alert':
      return valueBy(alertCodec, ruleAlert(value.alert, origin))
  }
}

const valueBy = <Domain extends object, Wire>(codec: Codec<Domain, Wire>, value: Domain): Value => ({
  schema: codec.schema,
  value,
  wire: codec.toWire(value),
})
