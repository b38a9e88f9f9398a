import type { Tick } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import { tickCodec } from '../schemas/codec.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import type { KafkaOptions, Slot } from './kafka/port.ts'
import { openRanges } from './kafka/ranges.ts'
import type { Decoder, Registry } from './registry.ts'

export type LogTailDeps = { readonly kafka: KafkaOptions; readonly registry: Registry; readonly topic: TopicSpec }

/** How far back the last trades are looked for, records per partition; the first look is short, each next one longer. */
const FIRST_LOOK = 1000
const LONGEST_LOOK = 50_000

/**
 * The time of the newest tick on the log, over all partitions; `undefined` if it is empty. The partition clock stands there
 * or, after a disorder, a little later.
 */
export async function newestTickTime(deps: LogTailDeps): Promise<Micros | undefined> {
  let newest: Micros | undefined
  await eachSlot(deps, async ({ slot, first, end, read }) => {
    if (end === first) return
    await read(slot, end - 1, end, ({ receiveTime }) => {
      if (newest === undefined || receiveTime > newest) newest = receiveTime
    })
  })
  return newest
}

/**
 * By partition, the time of an exchange's last trade on the log: what a process that starts now has not missed. Its event
 * time, unless that is later than its receipt: an exchange's clock may be ahead.
 * Where the last {@link LONGEST_LOOK} records hold none, the time of the oldest of them: the last one is older still, and
 * a gap that begins too late would hide a loss. `undefined` where the partition is empty.
 */
export async function lastTrades(
  deps: LogTailDeps,
  exchanges: readonly string[],
): Promise<(exchange: string) => readonly (Micros | undefined)[]> {
  const found = new Map(exchanges.map((exchange) => [exchange, new Map<number, Micros>()]))
  await eachSlot(deps, async ({ slot, first, end, read }) => {
    const floor = Math.max(first, end - LONGEST_LOOK)
    const missing = new Set(exchanges)
    let oldest: Micros | undefined
    for (let to = end, look = FIRST_LOOK; to > floor && missing.size > 0; look *= 4) {
      const from = Math.max(floor, to - look)
      const newest = new Map<string, Micros>()
      oldest = undefined
      await read(slot, from, to, ({ exchange, eventTime, receiveTime, payload }) => {
        oldest ??= receiveTime
        const time = eventTime < receiveTime ? eventTime : receiveTime
        if (payload.kind === 'trade' && missing.has(exchange) && time > (newest.get(exchange) ?? 0))
          newest.set(exchange, time)
      })
      for (const [exchange, time] of newest) {
        found.get(exchange)?.set(slot.partition, time)
        missing.delete(exchange)
      }
      to = from
    }
    for (const exchange of missing) if (oldest !== undefined) found.get(exchange)?.set(slot.partition, oldest)
  })
  const partitions = Array.from({ length: deps.topic.partitions }, (_, partition) => partition)
  return (exchange) => partitions.map((partition) => found.get(exchange)?.get(partition))
}

type SlotTail = {
  readonly slot: Slot
  readonly first: number
  readonly end: number
  /** Visits every tick that can be read, in order; what cannot is the sinks' concern. */
  readonly read: (slot: Slot, from: number, to: number, visit: (tick: Tick) => void) => Promise<void>
}

async function eachSlot(
  { kafka, registry, topic }: LogTailDeps,
  look: (tail: SlotTail) => Promise<void>,
): Promise<void> {
  const decoder = registry.decoder(tickCodec)
  const ranges = await openRanges(kafka)
  const read: SlotTail['read'] = async (slot, from, to, visit) => {
    for await (const records of ranges.read(slot, from, to))
      for (const { value } of records) {
        const tick = await decodedTick(decoder, value)
        if (tick !== undefined) visit(tick)
      }
  }
  try {
    for (let partition = 0; partition < topic.partitions; partition++) {
      const slot = { topic: topic.name, partition }
      await look({ slot, read, ...(await ranges.bounds(slot)) })
    }
  } finally {
    await ranges.close()
  }
}

/** A record's tick; `undefined` if it holds none that can be read. */
export async function decodedTick(decoder: Decoder<Tick>, value: Buffer | null): Promise<Tick | undefined> {
  const result = decoder.decode(value)
  if (result.kind === 'value') return result.value
  return result.kind === 'unknown-schema' && (await decoder.learn(result.id)) ? decodedTick(decoder, value) : undefined
}
