import { createHistogram } from 'node:perf_hooks'
import type { Match } from '../core/match.ts'
import type { Opportunity } from '../core/opportunity.ts'
import type { Derived } from '../core/processor.ts'
import type { Tick } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Metrics } from '../io/metrics.ts'
import { messageOf } from './database.ts'
import type { Comparison } from './rollup-check.ts'
import type { SinkObserver } from './sink.ts'

/** Latencies beyond this are a backlog or a recording's past, not this process's work; they count as this much. */
const LONGEST_MICROS = 600_000_000
const BATCH_ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

export type SinkMetrics = {
  observer<Value>(sink: string, onStored?: SinkObserver<Value>['stored']): SinkObserver<Value>
  /** For the ticks sink: `receiveTime` to commit, `eventTime` to commit. */
  readonly ticksStored: SinkObserver<Tick>['stored']
  /** For the opportunities sink: `at` to commit. */
  readonly opportunitiesStored: SinkObserver<Derived<Opportunity>>['stored']
  /** For the matches sink: `at` to commit, and how many by what became of them. */
  readonly matchesStored: SinkObserver<Derived<Match>>['stored']
  countLetter(letter: { readonly topic: string; readonly stage: string; readonly reason: string }): void
  lag(group: string, lags: ReadonlyMap<string, number>): void
  rebalanced(group: string): void
  view(age: { readonly view: string; readonly ageSeconds: number }): void
  refreshed(view: string, seconds: number): void
  /** A day's roll-ups were compared with their trades. */
  readonly rollups: (comparison: Pick<Comparison, 'minutesDrifted' | 'candlesDrifted'>) => void
  /** Why the database counts as away; `undefined`: the last statement succeeded. */
  outage(): string | undefined
  /** Figures of the heartbeat; those of an interval begin anew. */
  figures(lagRecords: number): Readonly<Record<string, number>>
}

export function openSinkMetrics(metrics: Metrics, now: () => Micros): SinkMetrics {
  const records = metrics.counter('stage_records_total', 'Records by what became of them', ['stage', 'outcome'])
  const rows = metrics.histogram('sink_batch_rows', 'Rows a statement', ['sink'], BATCH_ROWS)
  const commit = metrics.histogram('sink_commit_seconds', 'Time of a statement', ['sink'])
  const fenced = metrics.counter('sink_fenced_total', 'Batches dropped because another instance had moved on', ['sink'])
  const endToEnd = metrics.histogram(
    'end_to_end_seconds',
    'eventTime of a tick, moment of an opportunity or match, to commit',
    ['sink'],
  )
  const matches = metrics.counter('matches_total', 'Hits of rules that were stored', ['phase', 'severity'])
  const letters = metrics.counter('dead_letters_total', 'Dead letters, kept or not', ['topic', 'stage', 'reason'])
  const lagging = metrics.gauge('consumer_lag_records', 'Records behind', ['group', 'topic', 'partition'])
  const rebalances = metrics.counter('consumer_rebalances_total', 'Times the group dealt its slots anew', ['group'])
  const viewAge = metrics.gauge('matview_age_seconds', 'Age of a materialised view', ['view'])
  const drift = metrics.gauge('rollup_drift_rows', 'Rows of the last compared day that differ from its trades', [
    'rollup',
  ])
  const viewRefresh = metrics.histogram('matview_refresh_seconds', 'Time of a refresh', ['view'])

  const frameToRow = createHistogram({ lowest: 1, highest: LONGEST_MICROS, figures: 3 })
  let rowsTotal = 0
  let matchesTotal = 0
  let rowsBefore = 0
  let figuresAt = now()
  let fences = 0
  let faults = 0
  let away: string | undefined

  return {
    observer: (sink, onStored) => ({
      sifted({ in: all, fresh, duplicate, fault }) {
        records.inc({ stage: sink, outcome: 'in' }, all)
        records.inc({ stage: sink, outcome: 'out' }, fresh)
        records.inc({ stage: sink, outcome: 'duplicate' }, duplicate)
        records.inc({ stage: sink, outcome: 'fault' }, fault)
        faults += fault
      },
      stored(entries, stored, tookMs) {
        away = undefined
        rowsTotal += stored
        rows.observe({ sink }, stored)
        commit.observe({ sink }, tookMs / 1000)
        onStored?.(entries, stored, tookMs)
      },
      fenced() {
        fences += 1
        fenced.inc({ sink })
      },
      outage(error) {
        away = `the database does not take rows: ${messageOf(error)}`
      },
      refused() {
        faults += 1
        records.inc({ stage: sink, outcome: 'fault' })
      },
    }),
    ticksStored(entries) {
      const time = now()
      for (const { value } of entries) {
        const { kind } = value.payload
        if ((kind !== 'trade' && kind !== 'quote') || value.feed === 'BACKFILL') continue
        frameToRow.record(Math.min(LONGEST_MICROS, Math.max(1, time - value.receiveTime)))
        endToEnd.observe({ sink: 'sink-ticks' }, Math.max(0, time - value.eventTime) / 1e6)
      }
    },
    opportunitiesStored(entries) {
      const time = now()
      for (const { value } of entries)
        endToEnd.observe({ sink: 'sink-opportunities' }, Math.max(0, time - value.at) / 1e6)
    },
    matchesStored(entries) {
      const time = now()
      for (const { value } of entries) {
        endToEnd.observe({ sink: 'sink-matches' }, Math.max(0, time - value.at) / 1e6)
        matches.inc({ phase: value.phase, severity: value.severity })
      }
      matchesTotal += entries.length
    },
    countLetter: (letter) => letters.inc(letter),
    lag(group, lags) {
      for (const [name, behind] of lags) {
        const colon = name.lastIndexOf(':')
        lagging.set({ group, topic: name.slice(0, colon), partition: name.slice(colon + 1) }, behind)
      }
    },
    rebalanced: (group) => rebalances.inc({ group }),
    view: ({ view, ageSeconds }) => viewAge.set({ view }, ageSeconds),
    refreshed: (view, seconds) => viewRefresh.observe({ view }, seconds),
    rollups({ minutesDrifted, candlesDrifted }) {
      drift.set({ rollup: 'trade_minutes' }, minutesDrifted)
      drift.set({ rollup: 'candles_1m' }, candlesDrifted)
    },
    outage: () => away,
    figures(lagRecords) {
      const time = now()
      const seconds = Math.max(0.001, (time - figuresAt) / 1e6)
      const rowsPerSecond = (rowsTotal - rowsBefore) / seconds
      rowsBefore = rowsTotal
      figuresAt = time
      const latencies =
        frameToRow.count === 0
          ? {}
          : { frameToRowP50Ms: frameToRow.percentile(50) / 1000, frameToRowP99Ms: frameToRow.percentile(99) / 1000 }
      frameToRow.reset()
      return { rowsPerSecond, rowsTotal, matchesTotal, lagRecords, fenced: fences, faults, ...latencies }
    },
  }
}
