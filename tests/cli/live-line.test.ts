import { describe, expect, test } from 'vitest'
import { liveLine } from '../../cli/live-line.ts'

describe('live line', () => {
  test('says rates, rows, latencies and lag', () => {
    const figures = {
      producers: { ticksPerSecond: 1234.4, symbols: 45 },
      consumers: { rowsTotal: 1_234_567, frameToRowP50Ms: 20.4, frameToRowP99Ms: 80.2, lagRecords: 3 },
      api: { frameToPushP50Ms: 12, frameToPushP99Ms: 40 },
    }
    expect(liveLine(figures, '12:00:00')).toBe(
      '12:00:00  1,234 ticks/s  45 symbols  1,234,567 rows  frame to row p50 20 p99 80 ms  to push p50 12 p99 40 ms  3 lag',
    )
  })

  test('warns of symbols in quarantine and of clocks apart from ours, and of nothing else', () => {
    const producers = {
      quarantined: 2,
      'exchangeClockOffsetMs.kraken': -7000,
      'exchangeClockOffsetMs.okx': 900,
    }
    expect(liveLine({ producers }, '12:00:00')).toBe('12:00:00  2 quarantined  clock of kraken 7.0 s off')
    expect(liveLine({ producers: { quarantined: 0 } }, '12:00:00')).toBe('12:00:00')
  })

  test('leaves out what nobody has said yet', () => expect(liveLine({}, '12:00:00')).toBe('12:00:00'))
})
