import { sinkStage } from '../../consumers/sink-stage.ts'
import { ticksSink } from '../../consumers/ticks-sink.ts'
import { schemaLearner } from '../../consumers/unknown-schema.ts'
import { now } from '../../io/clock.ts'
import { openDeadLetters } from '../../io/dead-letters.ts'
import type { KafkaOptions, Ranges, Reader, Writer } from '../../io/kafka/port.ts'
import { openReader } from '../../io/kafka/reader.ts'
import { openPool } from '../../io/postgres.ts'
import type { Registry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { silentLog } from './database.ts'

/** One ticks sink as `consumers/main.ts` wires it, in a group of its own; `stop` leaves writer and ranges to their owner. */
export function runTicksSink(deps: {
  readonly kafka: KafkaOptions
  readonly groupId: string
  readonly topic: string
  readonly databaseUrl: string
  readonly registry: Registry
  readonly ranges: Ranges
  readonly writer: Writer
}): { readonly reader: Reader; readonly running: Promise<void>; stop(): Promise<void> } {
  const { kafka, groupId, topic, ranges, writer } = deps
  const database = openPool(deps.databaseUrl, 'ingest_rw', silentLog)
  const stopping = new AbortController()
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 50)))
  const sink = ticksSink(topic, deps.registry.decoder(tickCodec))
  const reader = openReader({ ...kafka, groupId, topic, minBytes: 1, maxWaitMs: 50 })
  const stage = sinkStage(
    {
      database,
      ranges,
      deadLetters: openDeadLetters({ stage: 'sink', writer, now, count: () => undefined }),
      learner: schemaLearner({ decoder: sink.decoder, wait, nowMs: () => performance.now(), warn: () => undefined }),
      observer: {
        sifted: () => undefined,
        stored: () => undefined,
        fenced: () => undefined,
        outage: () => undefined,
        refused: () => undefined,
      },
      log: silentLog,
      wait,
      stopped: () => stopping.signal.aborted,
      random: Math.random,
    },
    sink,
  )
  const running = reader.run(stage)
  return {
    reader,
    running,
    async stop() {
      stopping.abort()
      // Waits for `running`, however that ends; who expects an end of its own kind looks there.
      await reader.close()
      await database.end()
    },
  }
}
