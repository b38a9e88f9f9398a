import type { WrittenAlert } from '../../core/alert.ts'
import { micros } from '../../core/time.ts'
import { origin } from './derived.ts'
import { MINUTE } from './logged.ts'

/** The n-th alert of the n-th record, each a story of its own. */
export function alert(n: number, change: Partial<WrittenAlert> = {}): WrittenAlert {
  return {
    alertId: `spike@1:0:${n}:0`,
    source: 'RULE',
    alertKey: `rule spike {"symbol":"S${n}-USD"}`,
    phase: 'FIRED',
    reason: undefined,
    resolves: true,
    severity: 'warning',
    type: 'PRICE_SPIKE',
    title: 'Price spike',
    at: micros(MINUTE + n),
    feed: 'LIVE',
    ruleId: 'spike',
    ruleVersion: 1,
    key: { symbol: `S${n}-USD` },
    exchange: 'kraken',
    symbol: `S${n}-USD`,
    fields: { jumpBps: 120.5, side: 'BUY', isNew: true, mean: null },
    evidence: [{ stream: 'trade', offset: 7, at: MINUTE, exchange: 'kraken', symbol: undefined }],
    suppressed: 0,
    action: undefined,
    origin: origin({ offset: n, ordinal: 1 }),
    ...change,
  }
}

/** The same of a service. */
export const serviceAlert = (n: number, change: Partial<WrittenAlert> = {}): WrittenAlert =>
  alert(n, {
    alertId: `healer/here/SILENT/${n}`,
    source: 'SERVICE',
    alertKey: `service healer SILENT ${n}`,
    type: 'SILENT',
    title: `Exchange ${n} is silent`,
    ruleId: undefined,
    ruleVersion: undefined,
    key: {},
    symbol: undefined,
    origin: undefined,
    ...change,
  })
