import { fromMillis } from '../core/time.ts'
import type { ServiceHeartbeat, SystemEvent } from '../core/service.ts'
import { serviceHeartbeatCodec, systemEventCodec } from '../schemas/codec.ts'
import type { Catalogue } from '../schemas/topics.ts'
import { now } from './clock.ts'
import type { KafkaOptions, Writer } from './kafka/port.ts'
import { SERVICE_WRITER, openWriter } from './kafka/writer.ts'
import { INSTANCE, VERSION } from './process.ts'
import type { Registry } from './registry.ts'

/** What a service says about itself on `crypto-events.heartbeats` and `crypto-events.system`. */
export type Announcer = {
  heartbeat(vitals: Pick<ServiceHeartbeat, 'state' | 'eventLoopP99Ms' | 'residentBytes' | 'figures'>): void
  event(
    event: Pick<SystemEvent, 'kind' | 'message'> & Partial<Pick<SystemEvent, 'exchange' | 'symbol' | 'details'>>,
  ): void
  close(deadlineMs: number): Promise<void>
}

/** Never blocks its service: what the queue has no room for is dropped, the next heartbeat says more. */
export async function openAnnouncer(
  service: string,
  deps: { readonly kafka: KafkaOptions; readonly registry: Registry; readonly topics: Catalogue },
): Promise<Announcer> {
  const { heartbeats, system } = deps.topics
  const encodeHeartbeat = await deps.registry.encoder(heartbeats.name, serviceHeartbeatCodec)
  const encodeEvent = await deps.registry.encoder(system.name, systemEventCodec)
  const writer: Writer = await openWriter({ ...SERVICE_WRITER, ...deps.kafka })
  const startedAt = fromMillis(performance.timeOrigin)
  let heartbeatSequence = 0
  let eventSequence = 0
  const offer = (topic: string, key: string, value: Buffer): void => {
    writer.offer({ topic, partition: 0, key: Buffer.from(key), value, timestampMs: Date.now() })
  }
  return {
    heartbeat(vitals) {
      const sequence = heartbeatSequence++
      offer(
        heartbeats.name,
        INSTANCE,
        encodeHeartbeat({ service, instance: INSTANCE, sequence, time: now(), startedAt, version: VERSION, ...vitals }),
      )
    },
    event({ kind, message, exchange, symbol, details = {} }) {
      const sequence = eventSequence++
      offer(
        system.name,
        service,
        encodeEvent({ kind, service, instance: INSTANCE, sequence, time: now(), exchange, symbol, message, details }),
      )
    },
    async close(deadlineMs) {
      await writer.close(deadlineMs)
    },
  }
}
