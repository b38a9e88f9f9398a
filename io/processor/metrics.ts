import { OUTCOMES, type Tally } from '../../core/processor.ts'
import type { Metrics } from '../metrics.ts'
import type { RunnerObserver } from './runner.ts'

const BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
const RESTORE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300]
/** A record's share of its slice, in seconds. */
const STEP_SECONDS = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2]

export type ProcessorMetrics = {
  readonly observer: RunnerObserver
  /** Takes over what was counted since the last call, and the lag. */
  publish(tally: Tally, lags: ReadonlyMap<string, number>): void
  rebalanced(): void
  /** Of the heartbeat; those of an interval begin anew. */
  figures(lagRecords: number): Readonly<Record<string, number>>
}

/** Metrics of one processor in this process. */
export function openProcessorMetrics(metrics: Metrics, processor: string, nowMs: () => number): ProcessorMetrics {
  const counts = metrics.counter(
    'processor_records_total',
    'Input records by outcome; what steps counted; outputs emitted and suppressed',
    ['processor', 'what'],
  )
  const steps = metrics.histogram('processor_step_seconds', 'Time of a record', ['processor'], STEP_SECONDS)
  const restores = metrics.histogram(
    'processor_restore_seconds',
    'Time of a restore',
    ['processor', 'from'],
    RESTORE_SECONDS,
  )
  const snapshotBytes = metrics.histogram('processor_snapshot_bytes', 'Size of a snapshot', ['processor'], BYTES)
  const snapshotSeconds = metrics.histogram('processor_snapshot_seconds', 'Time of a snapshot', ['processor'])
  const stops = metrics.counter('processor_stopped_tasks_total', 'Tasks that stopped for an operator', ['processor'])
  const lag = metrics.gauge('processor_lag_records', 'Records behind', ['processor', 'slot'])
  const rebalances = metrics.counter('processor_rebalances_total', 'Times the group dealt its slots anew', [
    'processor',
  ])
  // There from the start, so that a dashboard shows a zero and not a hole.
  for (const what of [...OUTCOMES, 'fault', 'emitted', 'suppressed']) counts.inc({ processor, what }, 0)
  const published = new Map<string, number>()
  let interval = { records: 0, since: nowMs() }

  return {
    observer: {
      restored: (_slot, from, tookMs) => restores.observe({ processor, from }, tookMs / 1000),
      stepped(_slot, records, tookMs) {
        interval.records += records
        if (records > 0) steps.observe({ processor }, tookMs / 1000 / records)
      },
      saved(_slot, bytes, tookMs) {
        snapshotBytes.observe({ processor }, bytes)
        snapshotSeconds.observe({ processor }, tookMs / 1000)
      },
      stopped: () => stops.inc({ processor }),
    },
    publish(tally, lags) {
      for (const [what, count] of tally) {
        counts.inc({ processor, what }, count - (published.get(what) ?? 0))
        published.set(what, count)
      }
      lag.reset()
      for (const [slot, records] of lags) lag.set({ processor, slot }, records)
    },
    rebalanced: () => rebalances.inc({ processor }),
    figures(lagRecords) {
      const { records, since } = interval
      const seconds = Math.max((nowMs() - since) / 1000, 0.001)
      interval = { records: 0, since: nowMs() }
      return { recordsPerSecond: Math.round(records / seconds), lagRecords, outputs: published.get('emitted') ?? 0 }
    },
  }
}
