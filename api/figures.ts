import type { ServiceRow } from './queries/services.ts'

/** The stages whose latency services report: which figures, and from where to where they measure. */
export const STAGES = [
  { stage: 'frameToAck', from: 'frame received', to: 'acknowledged by Kafka' },
  { stage: 'frameToRow', from: 'frame received', to: 'row committed' },
  { stage: 'frameToPush', from: 'frame received', to: 'sent to WebSocket clients' },
] as const

export type Latency = { readonly p50Ms: number; readonly p99Ms: number; readonly instances: number }
export type StageLatency = Latency & { readonly stage: string; readonly from: string; readonly to: string }
export type ExchangeLag = Latency & { readonly exchange: string }

/** One entry per stage that any service reports; of several instances the slowest counts. */
export const stageLatencies = (services: readonly ServiceRow[]): readonly StageLatency[] =>
  STAGES.flatMap(({ stage, from, to }) => {
    const latency = worst(services, `${stage}P50Ms`, `${stage}P99Ms`)
    return latency === undefined ? [] : [{ stage, from, to, ...latency }]
  })

/** How far the ticks' own times lie behind our clock when their frames arrive, by exchange. */
export function exchangeLags(services: readonly ServiceRow[]): readonly ExchangeLag[] {
  const prefix = 'exchangeLagP50Ms.'
  const exchanges = new Set(
    services.flatMap(({ figures }) =>
      Object.keys(figures).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
    ),
  )
  return [...exchanges].toSorted().flatMap((exchange) => {
    const latency = worst(services, `${prefix}${exchange}`, `exchangeLagP99Ms.${exchange}`)
    return latency === undefined ? [] : [{ exchange, ...latency }]
  })
}

function worst(services: readonly ServiceRow[], p50: string, p99: string): Latency | undefined {
  const reports = services.flatMap(({ figures }) => {
    const [p50Ms, p99Ms] = [figures[p50], figures[p99]]
    return p50Ms === undefined || p99Ms === undefined ? [] : [{ p50Ms, p99Ms }]
  })
  if (reports.length === 0) return undefined
  const greatest = (field: 'p50Ms' | 'p99Ms'): number =>
    Math.round(Math.max(...reports.map((report) => report[field])) * 1000) / 1000
  return { p50Ms: greatest('p50Ms'), p99Ms: greatest('p99Ms'), instances: reports.length }
}
