import type { Tick } from '../core/tick.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** What the backfills tell. */
export type BackfillMetrics = {
  /** A request of an exchange's REST was answered; `undefined`: it was not. */
  asked(exchange: string, status: number | undefined): void
  /** A gap was dealt with: `filled`, `unfillable` or `unavailable`. */
  done(exchange: string, outcome: string, gap: Tick, trades: number): void
  failed(exchange: string, error: unknown): void
}

export function openBackfillMetrics(metrics: Metrics, log: Log): BackfillMetrics {
  const requests = metrics.counter('backfill_requests_total', 'Requests for past trades, by what was answered', [
    'exchange',
    'status',
  ])
  const gaps = metrics.counter('backfill_gaps_total', 'Gaps that were looked at, by what became of them', [
    'exchange',
    'outcome',
  ])
  const trades = metrics.counter('backfill_trades_total', 'Trades fetched and written', ['exchange'])
  return {
    asked: (exchange, status) => requests.inc({ exchange, status: String(status ?? 'none') }),
    done(exchange, outcome, { symbol, payload }, written) {
      gaps.inc({ exchange, outcome })
      trades.inc({ exchange }, written)
      const details = payload.kind === 'gap' ? { reason: payload.reason, from: payload.from, to: payload.to } : {}
      log[outcome === 'filled' && written === 0 ? 'debug' : 'info'](
        { exchange, symbol, ...details, outcome, trades: written },
        'backfill_done',
      )
    },
    failed: (exchange, error) => log.warn({ exchange, err: error }, 'backfill_failed'),
  }
}
