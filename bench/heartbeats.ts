import type { Micros } from '../core/time.ts'
import type { Ranges } from '../io/kafka/port.ts'
import type { Decoder } from '../io/registry.ts'
import type { ServiceHeartbeat } from '../core/service.ts'

/** Where the roles' own figures are read. */
export type Figures = {
  readonly ranges: Ranges
  readonly topic: string
  readonly decoder: Decoder<ServiceHeartbeat>
}

/** A service's figures speak of the five seconds before its heartbeat. */
const INTERVAL_MICROS = 5_000_000

/** The figures of every heartbeat whose interval lies within the time given. */
export async function intervalFigures(
  { ranges, topic, decoder }: Figures,
  from: Micros,
  until: Micros,
): Promise<readonly Readonly<Record<string, number>>[]> {
  const slot = { topic, partition: 0 }
  const { end } = await ranges.bounds(slot)
  const start = await ranges.atTime(slot, Math.floor(from / 1000))
  const found: Readonly<Record<string, number>>[] = []
  for await (const records of ranges.read(slot, start, end)) {
    for (const { value } of records) {
      const heartbeat = await decode(decoder, value)
      if (heartbeat === undefined || heartbeat.time - INTERVAL_MICROS < from || heartbeat.time > until) continue
      found.push(heartbeat.figures)
    }
  }
  return found
}

async function decode(decoder: Decoder<ServiceHeartbeat>, value: Buffer | null): Promise<ServiceHeartbeat | undefined> {
  const first = decoder.decode(value)
  if (first.kind === 'unknown-schema') await decoder.learn(first.id)
  const decoded = first.kind === 'unknown-schema' ? decoder.decode(value) : first
  return decoded.kind === 'value' ? decoded.value : undefined
}
