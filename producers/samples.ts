import { MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { FeedCounts, FeedState } from './feed-state.ts'

/** A metric's value since the feed's start. */
export type Sample = {
  readonly metric:
    | 'ws_frames_total'
    | 'ws_findings_total'
    | 'ws_reconnects_total'
    | 'ws_gaps_total'
    | 'clock_skew_total'
    | 'stage_records_total'
  readonly label: string
  readonly value: number
}

/** A feed's counts as the values of counters; `label` is the second label's value beside the exchange. */
export function samplesOf({ frames, findings, gaps, reconnects, entries }: FeedCounts): readonly Sample[] {
  return [
    ...Object.entries(frames).map(([label, value]) => ({ metric: 'ws_frames_total' as const, label, value })),
    ...Object.entries(findings)
      .filter(([label]) => label !== 'skewed')
      .map(([label, value]) => ({ metric: 'ws_findings_total' as const, label, value })),
    ...[...reconnects].map(([label, value]) => ({ metric: 'ws_reconnects_total' as const, label, value })),
    ...Object.entries(gaps).map(([label, value]) => ({ metric: 'ws_gaps_total' as const, label, value })),
    ...Object.entries(entries).map(([label, value]) => ({ metric: 'stage_records_total' as const, label, value })),
    { metric: 'clock_skew_total', label: '', value: findings.skewed },
  ]
}

/** Figures of all feeds for the service's heartbeat, and what the next ones need for their rates. */
export type Figures = {
  readonly time: Micros
  readonly frames: number
  readonly ticks: number
  readonly shown: Readonly<Record<'framesPerSecond' | 'ticksPerSecond' | 'symbols' | 'gaps' | 'faults', number>>
}

export function figuresOf(states: readonly FeedState[], time: Micros, before: Figures | undefined): Figures {
  const sum = (of: (state: FeedState) => number): number => states.reduce((total, state) => total + of(state), 0)
  const frames = sum(({ counts }) => counts.received)
  const ticks = sum(({ counts }) => counts.entries.out)
  const seconds = before === undefined ? 0 : (time - before.time) / MICROS_PER_SECOND
  const rate = (now: number, then = 0): number => (seconds > 0 ? (now - then) / seconds : 0)
  return {
    time,
    frames,
    ticks,
    shown: {
      framesPerSecond: rate(frames, before?.frames),
      ticksPerSecond: rate(ticks, before?.ticks),
      symbols: sum(({ markets }) => markets.size),
      // Of a WITHDRAWN gap nothing is missing.
      gaps: sum(({ counts }) => Object.values(counts.gaps).reduce((a, b) => a + b, 0) - counts.gaps.WITHDRAWN),
      faults: sum(({ counts }) => counts.frames.fault + counts.entries.fault + counts.subscriptionFaults),
    },
  }
}
