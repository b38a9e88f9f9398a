import type { Origin } from './processor.ts'
import type { Micros } from './time.ts'

export const SERVICE_STATES = ['STARTING', 'READY', 'DEGRADED', 'STOPPING'] as const
export type ServiceState = (typeof SERVICE_STATES)[number]

/** A process's sign of life, each 5 s on `crypto-events.heartbeats`. `figures` are named numbers with their unit in the name. */
export type ServiceHeartbeat = {
  readonly service: string
  readonly instance: string
  readonly sequence: number
  readonly time: Micros
  readonly startedAt: Micros
  readonly state: ServiceState
  readonly version: string
  readonly eventLoopP99Ms: number
  readonly residentBytes: number
  readonly figures: Readonly<Record<string, number>>
}

export const SYSTEM_EVENT_KINDS = [
  'STARTED',
  'STOPPED',
  'CONNECTED',
  'DISCONNECTED',
  'GAP',
  'FAULT',
  'COMMAND',
  'NOTE',
  'QUALITY',
] as const
export type SystemEventKind = (typeof SYSTEM_EVENT_KINDS)[number]

/** Something an operator may want to know, on `crypto-events.system`; `exchange` and `symbol` where it concerns one. */
export type SystemEvent = {
  readonly kind: SystemEventKind
  readonly service: string
  readonly instance: string
  readonly sequence: number
  readonly time: Micros
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly message: string
  readonly details: Readonly<Record<string, string>>
  /** Of a derived event: the input record that caused it. */
  readonly origin?: Origin | undefined
}
