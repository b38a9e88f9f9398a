import type { OpenTick } from '../../core/arrivals.ts'
import { fold, type Logged, type Output, type Processor, type Tally } from '../../core/processor.ts'
import type { Payload, Tick } from '../../core/tick.ts'
import { MICROS_PER_MILLI, MICROS_PER_SECOND, micros, type Micros } from '../../core/time.ts'
import { packState, unpackState } from '../../io/processor/snapshot.ts'
import { MINUTE } from './logged.ts'
import { heartbeat, tick } from './ticks.ts'

type Change = Partial<Omit<Tick, 'payload'>>
type Read<Out> = Output<Out>['value']

/** What TopologyTestDriver is to Kafka Streams: records in, time by hand, outputs per topic; no broker, no clock. */
export type Drive<Out> = {
  /** A tick of binance's BTC-USDT (or as `change` says), received now; it takes a millisecond. */
  readonly pipe: (payload: Exclude<Payload, { kind: 'control' }>, change?: Change) => void
  /** A control document comes into force. */
  readonly control: (documentId: string, epoch: number, document: unknown) => void
  /** So much time goes by: each session that has written a tick beats each second. */
  readonly advance: (millis: number) => void
  /** The exchange's next tick is of another session; the old one beats no more. */
  readonly reconnect: (exchange: string) => void
  /** The last so many records once more, as they were. */
  readonly repeat: (count: number) => void
  /** The task dies and goes on from a snapshot of what it knew. */
  readonly restart: () => void
  /** What was written to the topic since it was last read. */
  readonly read: (topic: string) => readonly Read<Out>[]
  readonly now: () => Micros
  /** Outcomes and what else was counted, from the beginning. */
  readonly tally: Tally
  /** All there was, for other runs over it. */
  readonly log: readonly Logged<OpenTick>[]
}

/** Drives a processor of ticks, from {@link MINUTE} on. */
export function drive<State, Out>(processor: Processor<State, OpenTick, Out>, partition = 0): Drive<Out> {
  const log: Logged<OpenTick>[] = []
  const tally: Tally = new Map()
  const unread = new Map<string, Read<Out>[]>()
  const sessions = new Map<string, { readonly session: Micros; ordinal: number }>()
  let state = processor.initial()
  let now = MINUTE

  function append(value: OpenTick): void {
    const record = { partition, offset: log.length, timestampMs: Math.floor(now / MICROS_PER_MILLI), value }
    log.push(record)
    const { outputs, tally: counted } = fold(processor, [record], state)
    for (const { topic, value: written } of outputs) unread.set(topic, [...(unread.get(topic) ?? []), written])
    for (const [what, count] of counted) tally.set(what, (tally.get(what) ?? 0) + count)
  }

  function write(payload: OpenTick['payload'], { exchange = 'binance', ...change }: Change): void {
    const known = sessions.get(exchange) ?? { session: now, ordinal: 0 }
    sessions.set(exchange, known)
    const { session } = known
    const times = { eventTime: now, receiveTime: now }
    append({ ...tick(), symbol: 'BTC-USDT', ...times, exchange, session, ordinal: known.ordinal++, payload, ...change })
  }

  const pass = (elapsed: number): void => void (now = micros(now + elapsed))

  return {
    tally,
    log,
    now: () => now,
    pipe(payload, change = {}) {
      write(payload, change)
      pass(MICROS_PER_MILLI)
    },
    control(documentId, epoch, document) {
      write({ kind: 'control', documentId, epoch, hash: `hash ${epoch}`, document }, { exchange: '', symbol: '' })
    },
    advance(millis) {
      for (let left = Math.round(millis * MICROS_PER_MILLI); left > 0; left -= MICROS_PER_SECOND) {
        pass(Math.min(MICROS_PER_SECOND, left))
        for (const exchange of sessions.keys()) if (exchange !== '') write(heartbeat(), { exchange, symbol: '' })
      }
    },
    reconnect: (exchange) => void sessions.set(exchange, { session: now, ordinal: 0 }),
    repeat(count) {
      for (const { value } of log.slice(-count)) append(value)
    },
    restart() {
      state = unpackState(packState(state))
    },
    read(topic) {
      const found = unread.get(topic) ?? []
      unread.delete(topic)
      return found
    },
  }
}
