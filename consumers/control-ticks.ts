import { zstdCompressSync } from 'node:zlib'
import { canonicalJson } from '../core/canonical-json.ts'
import { BROADCAST_KEY } from '../core/partition.ts'
import type { Feed, Tick } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Outgoing } from '../io/kafka/port.ts'

/** One version of a document, as the publisher reads it. */
export type Version = {
  readonly documentId: string
  readonly epoch: number
  readonly hash: string
  readonly body: unknown
}

/** What a publisher's ticks share: a session of its own, without START and heartbeats, and ordinals counted from 0. */
export type Session = { readonly session: Micros; readonly feed: Feed; nextOrdinal: number }

/** The tick of a version, broadcast: its copies in all partitions share the ordinal. Mutates the session. */
export function controlTick(session: Session, { documentId, epoch, hash, body }: Version, time: Micros): Tick {
  return {
    exchange: '',
    symbol: '',
    feed: session.feed,
    eventTime: time,
    timeSource: 'RECEIVED',
    receiveTime: time,
    session: session.session,
    ordinal: session.nextOrdinal++,
    sequence: 0,
    origin: undefined,
    payload: {
      kind: 'control',
      documentId,
      epoch,
      hash,
      body: zstdCompressSync(Buffer.from(canonicalJson(body))),
    },
  }
}

/** Ticks as records of every partition, in the order given in each. */
export function broadcast(
  { name, partitions }: { readonly name: string; readonly partitions: number },
  ticks: readonly Tick[],
  encode: (tick: Tick) => Buffer,
): readonly Outgoing[] {
  const key = Buffer.from(BROADCAST_KEY)
  const bodies = ticks.map((tick) => ({
    value: encode(tick),
    timestampMs: Math.floor(tick.receiveTime / 1000),
  }))
  return Array.from({ length: partitions }).flatMap((_, partition) =>
    bodies.map((body) => ({ topic: name, partition, key, ...body })),
  )
}
