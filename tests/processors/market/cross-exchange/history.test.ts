import { describe, expect, test } from 'vitest'
import { CROSS_HORIZON } from '../../../../processors/market/cross-exchange/stage.ts'
import { startsAt, wholeOf } from '../../../support/processor-laws.ts'
import { seeded } from '../../../support/seeded.ts'
import { ticksClock } from '../../../support/ticks-clock.ts'
import { MARKET } from '../run.ts'
import { beat, configured, FREE, logOf, missing, quoted, rated, type Row } from './rig.ts'

const EXCHANGES = ['binance', 'kraken', 'coinbase']
const MINUTES = 100

/** Edges that stand for hours but for a rare gap, in two currencies, with the document repeated each ten minutes. */
function longLived(seed: number): readonly Row[] {
  const random = seeded(seed)
  const rows: Row[] = []
  for (let millis = 0; millis < MINUTES * 60_000; millis += 1500) {
    if (millis % 600_000 === 0) rows.push(configured(millis, { ...FREE, minProfit: 0 }))
    for (const exchange of EXCHANGES) rows.push(beat(millis, exchange))
    if (millis % 9000 === 0) rows.push(rated(millis, 'coinbase', { bid: 0.9999, ask: 1.0001 }))
    const late = millis + 1 + random(1400)
    const exchange = EXCHANGES[random(3)] ?? ''
    // Binance is cheap, kraken dear, coinbase quotes in dollars between them.
    const middle = 10_000 + (exchange === 'kraken' ? 25 : exchange === 'coinbase' ? 12 : 0) + random(16)
    const symbol = exchange === 'coinbase' ? 'BTC-USD' : 'BTC-USDT'
    const sides = { bid: middle - 1, ask: middle + 1, bidSize: 1 + random(3) }
    if (random(8) === 0) rows.push(quoted(late, exchange, sides, { symbol }))
    if (random(500) === 0) rows.push(missing(late, exchange, { reason: 'STALL' }))
  }
  return rows
}

describe('opportunities that outlast the horizon', () => {
  const log = logOf(longLived(1))
  const subject = { processor: MARKET, clock: ticksClock }
  const whole = wholeOf(subject, log)
  const starts = Array.from({ length: 12 }, (_, index) => Math.floor((log.length * index) / 20))

  test('are written alike wherever a run begins', { timeout: 60_000 }, () => {
    expect(starts.flatMap((start) => startsAt(subject, whole, start) ?? [])).toEqual([])
    const phases = whole.outputs.flatMap(({ value }) => (value.kind === 'opportunity' ? [value.opportunity] : []))
    expect(phases.filter(({ reason }) => reason === 'ttl').length).toBeGreaterThan(10)
    expect(phases.filter(({ reason }) => reason === 'gap').length).toBeGreaterThan(2)
    expect(CROSS_HORIZON).toBeLessThan(MARKET.horizon)
  })

  test('would not be with a horizon below their ttl', { timeout: 60_000 }, () => {
    const hasty = { ...subject, processor: { ...MARKET, horizon: 300_000_000 } }
    expect(starts.flatMap((start) => startsAt(hasty, whole, start) ?? [])).not.toEqual([])
  })
})
