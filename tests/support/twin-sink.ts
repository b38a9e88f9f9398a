/**
 * A process: the ticks sink made wrong (offset after the rows, in two transactions, the sieve's memory in neither), in a group
 * and on a database of its own.
 * Between the two it stands still for a moment, so that a kill finds the wound. Environment as any role's.
 */
import { openDeadLetters } from '../../io/dead-letters.ts'
import { sinkStage } from '../../consumers/sink-stage.ts'
import { ticksSink } from '../../consumers/ticks-sink.ts'
import { now } from '../../io/clock.ts'
import { parseEnvironment, required } from '../../io/environment.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openReader } from '../../io/kafka/reader.ts'
import { createLog } from '../../io/log.ts'
import { openPool } from '../../io/postgres.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { lateOffset } from '../consumers/twins.ts'

const STAND_STILL_MS = 100

const environment = parseEnvironment(process.env)
const log = createLog('twin', 'warn')
const kafka = { brokers: required(environment, 'KAFKA_BROKERS'), clientId: 'twin', log }
const { ticks } = catalogue(6)
const decoder = openRegistry(required(environment, 'SCHEMA_REGISTRY_URL')).decoder(tickCodec)

const stage = sinkStage(
  {
    database: lateOffset(openPool(required(environment, 'DATABASE_URL'), 'ingest_rw', log), standStill),
    ranges: await openRanges(kafka),
    deadLetters: openDeadLetters({
      stage: 'sink',
      writer: { append: () => Promise.resolve([]) },
      now,
      count: () => undefined,
    }),
    learner: {
      resolve: async (id) => ((await decoder.learn(id)) ? 'known' : 'unknown'),
      waiting: () => [],
    },
    observer: { sifted: nothing, stored: nothing, fenced: nothing, outage: nothing, refused: nothing },
    log,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    stopped: () => false,
    random: Math.random,
  },
  {
    ...ticksSink(ticks.name, decoder),
    recall: async () => ({ sieve: new Map(), symbols: new Set(), beats: new Map() }),
  },
)
await openReader({ ...kafka, groupId: 'twin', topic: ticks.name }).run(stage)

function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STAND_STILL_MS)
}

function nothing(): void {}
