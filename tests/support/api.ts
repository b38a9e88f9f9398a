import { randomBytes, randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { WebSocket } from 'ws'
import { LOCAL, type Access } from '../../api/access.ts'
import type { AppDeps } from '../../api/deps.ts'
import { LIMITS, type Limits } from '../../api/hub.ts'
import type { PriceItem } from '../../api/price.ts'
import { startApi } from '../../api/service.ts'
import { BROADCAST_KEY, partitionOf, tickKey } from '../../core/partition.ts'
import type { Payload, Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import type { Outgoing } from '../../io/kafka/port.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { parseConfig } from '../../io/config.ts'
import { logIdRecord } from '../../io/log-id.ts'
import { createMetrics } from '../../io/metrics.ts'
import type { Judge } from '../../io/rules-world.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { letterTopics } from '../../api/letters.ts'
import { catalogue, type Catalogue } from '../../schemas/topics.ts'
import { createTestDatabase, silentLog, type TestDatabase } from './database.ts'

const PARTITIONS = 2

export const CONFIG = parseConfig(
  { exchanges: { kraken: { symbols: ['BTC-USD'] } }, partitions: PARTITIONS },
  'the test',
)

/** One exchange's socket, as its producer writes it: ordinals counted, broadcasts copied to every partition. */
export type Mouth = {
  readonly session: Micros
  say(symbol: string, payload: Payload): Promise<void>
  /** Heartbeats in every partition. */
  beat(state?: 'UP' | 'DOWN'): Promise<void>
}

/** The real API on a port of its own, over a database, topics and a registry that no other test uses. */
export type ApiRig = {
  readonly url: string
  readonly port: number
  readonly database: TestDatabase
  mouth(exchange: string): Mouth
  readonly topics: Catalogue
  /** Appends raw records. */
  append(records: readonly Outgoing[]): Promise<unknown>
  /** Stops the API and starts it again on its port, after `meanwhile`. */
  restart(meanwhile: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

export async function startApiRig(
  options: {
    readonly limits?: Limits
    readonly access?: Access
    readonly requestsPerMinute?: AppDeps['requestsPerMinute']
    /** Instead of the real one. */
    readonly judge?: Judge
    /** Stands between the API and its database, for instance a proxy. */
    readonly databaseUrl?: (url: string) => string
    readonly before?: (rig: Pick<ApiRig, 'database' | 'mouth'>) => Promise<void>
  } = {},
): Promise<ApiRig> {
  const stack = inject('stack')
  const topics = catalogue(PARTITIONS, `test-api-${randomBytes(4).toString('hex')}.`)
  const kafka = { brokers: stack.brokers, clientId: 'test-api', log: silentLog }
  const admin = await openTopics(kafka)
  await admin.ensure([
    topics.ticks,
    topics.heartbeats,
    topics.system,
    topics.opportunities,
    topics.alerts,
    topics.control,
    ...letterTopics(topics),
  ])
  await admin.close()
  const registry = openRegistry(stack.registry)
  await registry.register([topics.ticks, topics.heartbeats, topics.system, topics.opportunities, topics.alerts])
  const encode = await registry.encoder(topics.ticks.name, tickCodec)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  const database = await createTestDatabase(stack.database, 'api')
  const logId = randomUUID()
  await writer.append([logIdRecord(topics.control, logId, Date.now())])
  await database.pool.query('insert into ingest.log (log_id) values ($1)', [logId])

  let lastSession = now()
  const mouth = (exchange: string): Mouth => {
    const session = (lastSession = micros(Math.max(now(), lastSession + 1)))
    let ordinal = 0
    const records = (symbol: string, payload: Payload) => {
      const time = now()
      const common = { exchange, symbol, feed: 'SIMULATED', timeSource: 'EXCHANGE', session, sequence: 0 } as const
      const tick: Tick = {
        ...common,
        eventTime: time,
        receiveTime: time,
        ordinal: ordinal++,
        origin: undefined,
        payload,
      }
      const key = symbol === '' ? BROADCAST_KEY : tickKey(symbol)
      const partitions = symbol === '' ? [...Array(PARTITIONS).keys()] : [partitionOf(key, PARTITIONS)]
      const body = { key: Buffer.from(key), value: encode(tick), timestampMs: Date.now() }
      return partitions.map((partition) => ({ topic: topics.ticks.name, partition, ...body }))
    }
    const append = async (symbol: string, payload: Payload): Promise<void> =>
      void (await writer.append(records(symbol, payload)))
    return {
      session,
      say: append,
      beat: (state = 'UP') => append('', { kind: 'heartbeat', state, lastSequence: 0 }),
    }
  }
  await options.before?.({ database, mouth })
  const start = (port: number): ReturnType<typeof startApi> =>
    startApi({
      port,
      database: options.databaseUrl?.(database.url) ?? database.url,
      brokers: stack.brokers,
      registry: stack.registry,
      source: 'simulated',
      topics,
      config: CONFIG,
      log: silentLog,
      metrics: createMetrics('api', 'test'),
      limits: options.limits ?? LIMITS,
      access: options.access ?? LOCAL,
      lab: new URL('../../processors/lab/main.ts', import.meta.url),
      ...(options.judge === undefined ? {} : { judge: options.judge }),
      ...(options.requestsPerMinute === undefined ? {} : { requestsPerMinute: options.requestsPerMinute }),
    })
  const end = async (): Promise<void> => {
    await api.announcer?.close(1000)
    await api.stop()
  }
  let api = await start(0)
  const { port } = api
  return {
    database,
    mouth,
    topics,
    append: (records) => writer.append(records),
    port,
    url: `http://127.0.0.1:${port}`,
    async restart(meanwhile) {
      await end()
      await meanwhile()
      api = await start(port)
    },
    async stop() {
      await end()
      await writer.close(1000)
      await database.drop()
    },
  }
}

export type SocketMessage = {
  readonly type: string
  readonly code?: string
  readonly message?: string
  readonly sequence: number
  /** Absent on errors. */
  readonly prices?: readonly PriceItem[]
}

/** A WebSocket client that remembers what it heard. */
export type Listener = {
  readonly socket: WebSocket
  readonly heard: SocketMessage[]
  /** Close code, once the socket has closed. */
  readonly closed: Promise<number>
  /** The first message for which the condition holds, heard already or yet to come. */
  until(condition: (message: SocketMessage) => boolean): Promise<SocketMessage>
}

export async function listenTo(port: number, hello?: unknown): Promise<Listener> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  const heard: SocketMessage[] = []
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString())))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('error', reject)
  })
  if (hello !== undefined) socket.send(JSON.stringify(hello))
  return {
    socket,
    heard,
    closed,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(
          () => reject(new Error(`not heard; heard: ${JSON.stringify(heard).slice(0, 2000)}`)),
          10_000,
        )
        const look = (): void => {
          const found = heard.find(condition)
          if (found === undefined) return
          clearTimeout(deadline)
          socket.off('message', look)
          resolve(found)
        }
        socket.on('message', look)
        look()
      }),
  }
}
