import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

/** A counter's value since the start of what counts it; `label` is its second label's value beside the exchange. */
type Sample = { readonly metric: string; readonly label: string; readonly value: number }

export type FeedMetrics = {
  /** Raises the counters of an exchange's feed to the given values; `feed` tells feeds of one exchange apart. */
  publish(exchange: string, feed: number, samples: readonly Sample[]): void
  lastFrame(exchange: string, timeMicros: number): void
  stale(exchange: string, subscriptions: number): void
  /** receiveTime - eventTime of one tick. */
  lag(exchange: string, micros: number): void
  /** Microseconds that our clock is ahead of each exchange's, and how many of its symbols are in quarantine. */
  oversight(offsets: ReadonlyMap<string, number>, quarantined: ReadonlyMap<string, number>): void
  /** `exchangeClockOffsetMs.<exchange>` and `quarantined`, as last told. */
  oversightFigures(): Readonly<Record<string, number>>
  /** `exchangeLagP50Ms.<exchange>` and `exchangeLagP99Ms.<exchange>` of the time since the last call. */
  lagFigures(): Readonly<Record<string, number>>
}

/** The metrics of ecosystem.md section 5 that a producer's feeds have. */
export function openFeedMetrics(metrics: Metrics): FeedMetrics {
  const counters: Readonly<Record<string, (exchange: string, label: string, by: number) => void>> = {
    ws_frames_total: labelled(metrics, 'ws_frames_total', 'Frames received, by what became of them', 'result'),
    ws_findings_total: labelled(metrics, 'ws_findings_total', 'Oddities found in entries', 'finding'),
    ws_reconnects_total: labelled(metrics, 'ws_reconnects_total', 'Sockets that ended, by reason', 'reason'),
    ws_gaps_total: labelled(metrics, 'ws_gaps_total', 'Gaps written, by reason', 'reason'),
    clock_skew_total: labelled(
      metrics,
      'clock_skew_total',
      'Ticks whose exchange time is more than 5 s off',
      undefined,
    ),
    stage_records_total: stage(metrics),
  }
  const lastFrame = metrics.gauge('ws_last_frame_timestamp_seconds', 'When the newest frame arrived', ['exchange'])
  const stale = metrics.gauge('ws_stale_subscriptions', 'Subscriptions without data past their deadline', ['exchange'])
  const lag = metrics.histogram('event_lag_seconds', 'Receive time minus the exchange’s event time', ['exchange'])
  const lags = new Map<string, { readonly recent: RecordableHistogram; readonly all: ReturnType<typeof lag.labels> }>()
  const clocks = metrics.gauge('exchange_clock_offset_seconds', 'Our clock minus the exchange’s, median of a minute', [
    'exchange',
  ])
  const apart = metrics.gauge('quarantined_symbols', 'Symbols whose price is apart from the other exchanges’', [
    'exchange',
  ])
  let overseen: Readonly<Record<string, number>> = {}
  const published = new Map<string, number>()
  const lagOf = (exchange: string) => {
    const known = lags.get(exchange) ?? { recent: createHistogram(), all: lag.labels({ exchange }) }
    lags.set(exchange, known)
    return known
  }
  return {
    publish(exchange, feed, samples) {
      for (const { metric, label, value } of samples) {
        const key = `${feed} ${metric} ${label}`
        const before = published.get(key) ?? 0
        // Overflow moves a record from one outcome to another, so that a value may fall back by a few for a moment.
        if (value <= before) continue
        counters[metric]?.(exchange, label, value - before)
        published.set(key, value)
      }
    },
    lastFrame: (exchange, timeMicros) => lastFrame.set({ exchange }, timeMicros / 1e6),
    stale: (exchange, subscriptions) => stale.set({ exchange }, subscriptions),
    lag(exchange, micros) {
      const { recent, all } = lagOf(exchange)
      recent.record(Math.max(1, micros))
      all.observe(micros / 1e6)
    },
    oversight(offsets, quarantined) {
      for (const [exchange, micros] of offsets) clocks.set({ exchange }, micros / 1e6)
      for (const [exchange, symbols] of quarantined) apart.set({ exchange }, symbols)
      overseen = {
        quarantined: [...quarantined.values()].reduce((sum, symbols) => sum + symbols, 0),
        ...Object.fromEntries(
          [...offsets].map(([exchange, micros]) => [`exchangeClockOffsetMs.${exchange}`, micros / 1000]),
        ),
      }
    },
    oversightFigures: () => overseen,
    lagFigures() {
      const figures: Record<string, number> = {}
      for (const [exchange, { recent }] of lags) {
        if (recent.count === 0) continue
        figures[`exchangeLagP50Ms.${exchange}`] = recent.percentile(50) / 1000
        figures[`exchangeLagP99Ms.${exchange}`] = recent.percentile(99) / 1000
        recent.reset()
      }
      return figures
    },
  }
}

function labelled(metrics: Metrics, name: string, help: string, second: string | undefined) {
  const counter = metrics.counter(name, help, second === undefined ? ['exchange'] : ['exchange', second])
  return (exchange: string, label: string, by: number): void =>
    counter.inc(second === undefined ? { exchange } : { exchange, [second]: label }, by)
}

function stage(metrics: Metrics) {
  const counter = metrics.counter('stage_records_total', 'Records of a stage, by what became of them', [
    'stage',
    'outcome',
  ])
  return (exchange: string, outcome: string, by: number): void =>
    counter.inc({ stage: `producer ${exchange}`, outcome }, by)
}
