import { describe, expect, test } from 'vitest'
import { at, beat, brief, configured, edge, FREE, quoted, runCross, survival, type Row } from './rig.ts'

const both = (millis: number): readonly Row[] => [beat(millis, 'binance'), beat(millis, 'kraken')]
const other = (millis: number): readonly Row[] => [beat(millis, 'gate')]

/** Edges by their milliseconds, after an UP heartbeat of both sessions 1 ms before the first. */
const life = (...rows: readonly (readonly Row[])[]) => {
  const first = rows[0]?.[0]
  const start = first === undefined ? 0 : (first.receiveTime - at(0)) / 1000 - 1
  return runCross(configured(start), ...both(start), ...rows.flat())
}

// arbitrage.md section 7, "Life cycle", typed from the document.
describe('the life of an opportunity', () => {
  test('L1: a flicker, then OPEN after the hold, UPDATEs, and CLOSE below the lower threshold', () => {
    const { written, tally } = life(
      edge(0, 9),
      edge(100, 7),
      edge(300, 10),
      edge(550, 11),
      edge(700, 11.5),
      both(1600),
      edge(2000, 5),
      edge(2100, 2.9),
    )
    expect(tally.get('flicker')).toBe(1)
    expect(brief(written)).toEqual([
      'OPEN 500 10',
      'UPDATE 550 11',
      'UPDATE 1600 11.5',
      'UPDATE 2000 5',
      'CLOSE 2100 2.9 edge',
    ])
    const closing = written.at(-1)
    expect(closing?.life).toMatchObject({ durationMs: 1600, updates: 3 })
    expect(closing?.life?.peakBps).toBeCloseTo(11.5, 9)
    expect(closing?.life?.timeWeightedBps).toBeCloseTo(11, 9)
    expect(survival(closing)).toEqual([true, true, true, true])
  })

  test('L2: heartbeats of another exchange carry T, not the quotes', () => {
    const { written } = life(edge(0, 12), edge(400, 12), other(1000), other(2000), other(3000))
    expect(brief(written)).toEqual(['OPEN 200 12', 'UPDATE 2000 12', 'CLOSE 2400 12 stale'])
    expect(written.at(-1)?.life?.durationMs).toBe(2200)
    expect(survival(written.at(-1))).toEqual([true, true, true, true])
  })

  test('L3: what closes soon was executable for as long as it was', () => {
    const { written } = life(edge(0, 20), edge(260, 7.9), edge(300, 9), edge(320, 2))
    expect(brief(written)).toEqual(['OPEN 200 20', 'UPDATE 260 7.9', 'UPDATE 300 9', 'CLOSE 320 2 edge'])
    expect(written.at(-1)?.life?.peakBps).toBeCloseTo(20, 9)
    expect(written.at(-1)?.life?.timeWeightedBps).toBeCloseTo(1696 / 120, 9)
    expect(survival(written.at(-1))).toEqual([true, false, false, false])
    // The edge in force then: 20 at 250, 7.9 at 300 (the timer runs before the record), closed at 450 and 700.
    const edges = written.at(-1)?.executableAfter.map(({ edgeBps }) => edgeBps)
    expect(edges?.slice(2)).toEqual([undefined, undefined])
    expect(edges?.[0]).toBeCloseTo(20, 9)
    expect(edges?.[1]).toBeCloseTo(7.9, 9)
  })

  test('L4: is cut at a multiple of ttl, and goes on as another', () => {
    const { written } = life(
      edge(599_500, 10),
      edge(599_900, 10.2),
      edge(600_100, 10.4),
      edge(600_500, 10.4),
      edge(600_900, 1),
    )
    expect(brief(written)).toEqual([
      'OPEN 599700 10',
      'CLOSE 600000 10.2 ttl',
      'OPEN 600300 10.4',
      'CLOSE 600900 1 edge',
    ])
    expect(written[1]?.life?.durationMs).toBe(300)
    expect(survival(written[1])).toEqual([true, true, true, undefined])
    expect(written[3]?.life?.durationMs).toBe(600)
    expect(survival(written[3])).toEqual([true, true, true, true])
    expect(new Set(written.map(({ opportunityId }) => opportunityId)).size).toBe(2)
  })

  test('L5: opens above 8 and closes below 3, not at 3', () => {
    const { written } = life(edge(0, 7.9), edge(50, 3.1), edge(90, 8), edge(300, 3), edge(400, 2.99))
    expect(brief(written)).toEqual(['OPEN 290 8', 'UPDATE 300 3', 'CLOSE 400 2.99 edge'])
    expect(written.at(-1)?.life?.timeWeightedBps).toBeCloseTo(380 / 110, 9)
    expect(survival(written.at(-1))).toEqual([false, false, false, false])
  })
})

describe('at one moment', () => {
  test('it opens before its quotes grow stale', () => {
    const { written } = runCross(
      configured(-1, { ...FREE, minHoldMs: 2000 }),
      ...both(-1),
      ...edge(0, 20),
      ...other(2500),
    )
    expect(brief(written)).toEqual(['OPEN 2000 20', 'CLOSE 2000 20 stale'])
    // Nothing lasted, so the edge over time is the one it opened with.
    expect(written.at(-1)?.life).toMatchObject({ durationMs: 0, timeWeightedBps: expect.closeTo(20, 9), profitTime: 0 })
    expect(survival(written.at(-1))).toEqual([false, false, false, false])
  })

  test('it opens before it is cut', () => {
    expect(brief(life(edge(599_800, 20), other(600_500)).written)).toEqual(['OPEN 600000 20', 'CLOSE 600000 20 ttl'])
  })

  test('its quotes grow stale before it is cut', () => {
    const { written } = life(edge(598_000, 20), other(600_500))
    expect(brief(written).at(-1)).toBe('CLOSE 600000 20 stale')
  })

  test('it is closed by a timer before a delay ends, and by a record after it', () => {
    // Open at 200, so the delay of 100 ms ends at 300, where the quotes of before grow stale at 300 as well.
    const stale = runCross(configured(-1, { ...FREE, maxAgeMs: 300 }), ...both(-1), ...edge(0, 20), ...other(400))
    expect(brief(stale.written)).toEqual(['OPEN 200 20', 'CLOSE 300 20 stale'])
    expect(survival(stale.written.at(-1))).toEqual([true, false, false, false])
    const closed = life(edge(0, 20), edge(300, 1))
    expect(brief(closed.written)).toEqual(['OPEN 200 20', 'CLOSE 300 1 edge'])
    expect(survival(closed.written.at(-1))).toEqual([true, true, false, false])
  })

  test('a candidate that has not opened is cut without a word', () => {
    const { written, tally } = life(edge(599_900, 20), other(600_500))
    expect([written, tally.get('flicker')]).toEqual([[], 1])
  })

  test('several open in the order of their routes, each before any closes', () => {
    const { written } = runCross(
      configured(-1, { ...FREE, minHoldMs: 2000 }),
      ...both(-1),
      beat(-1, 'coinbase'),
      quoted(0, 'kraken', { bid: 10_020, ask: 10_040 }),
      quoted(0, 'coinbase', { bid: 10_020, ask: 10_040 }),
      quoted(0, 'binance', { bid: 9990, ask: 10_000 }),
      ...other(2500),
    )
    expect(written.map(({ phase, legs }) => `${phase} ${legs[1]?.exchange ?? ''}`)).toEqual([
      'OPEN coinbase',
      'OPEN kraken',
      'CLOSE coinbase',
      'CLOSE kraken',
    ])
  })
})
