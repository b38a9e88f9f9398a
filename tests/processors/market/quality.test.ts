import { describe, expect, test } from 'vitest'
import { arrivals } from '../../../core/arrivals.ts'
import { pipe } from '../../../core/pipe.ts'
import type { Tick } from '../../../core/tick.ts'
import { micros } from '../../../core/time.ts'
import { quality } from '../../../processors/market/quality.ts'
import { logged, ms } from '../../support/logged.ts'
import { runStage } from '../../support/run-stage.ts'
import { gap, heartbeat, quote, tick, trade } from '../../support/ticks.ts'

function run(...ticks: readonly Tick[]) {
  const { events, tally } = runStage(pipe(arrivals, quality), logged(ticks))
  return {
    tally,
    findings: events.flatMap((event) => (event.kind === 'finding' ? [event.finding] : [])),
    passed: events.flatMap((event) => (event.kind === 'tick' ? [event] : [])),
  }
}

const MINUTE = 60_000
const at = (millis: number, payload: Tick['payload'], change: Partial<Omit<Tick, 'payload'>> = {}): Tick =>
  tick(payload, { receiveTime: ms(millis), eventTime: ms(millis), ...change })
const trading = (millis: number, id: string, session = 1) =>
  at(millis, trade({ id }), { session: micros(1_700_000_000_000_000 + session) })
const quoting = (millis: number, exchange: string, bid: number) =>
  at(millis, quote({ bid, ask: bid + 1 }), { exchange })

describe('quality', () => {
  test('lets a trade through once, whichever session brings it again', () => {
    const { passed, tally, findings } = run(trading(0, 'a'), trading(1, 'a', 2), trading(2, 'b'))
    expect(passed.map(({ offset }) => offset)).toEqual([0, 2])
    expect([tally.get('duplicate'), tally.get('processed')]).toEqual([1, 2])
    expect(findings.map(({ kind }) => kind)).toEqual(['REPEAT'])
  })

  test('takes an id for new when its last copy is 10 min of T old, wherever the run began', () => {
    const third = trading(19 * MINUTE, 'a')
    const passed = (...ticks: readonly Tick[]) => run(...ticks).passed.map(({ now }) => now)
    // The second copy renews the memory: with or without the first, the third is a repeat.
    expect(passed(trading(0, 'a'), trading(9.5 * MINUTE, 'a'), third)).not.toContain(ms(19 * MINUTE))
    expect(passed(trading(9.5 * MINUTE, 'a'), third)).not.toContain(ms(19 * MINUTE))
    expect(passed(trading(0, 'a'), trading(9 * MINUTE, 'a'), third)).toContain(ms(19 * MINUTE))
  })

  test('does not take the same id of another symbol or exchange for a repeat', () => {
    const other = at(1, trade({ id: 'a' }), { symbol: 'BTC-USD' })
    expect(run(trading(0, 'a'), other, at(2, trade({ id: 'a' }), { exchange: 'okx' })).passed).toHaveLength(3)
  })

  test('flags a quote more than 5 % off the median of two others, and tells of it', () => {
    const others = [quoting(0, 'kraken', 100), quoting(0, 'okx', 101)]
    // Middles 100.5 and 101.5, the lower counts: 5 % off is 105.525, so a bid of 105.1 (middle 105.6) is off and 105 is not.
    const judged = (bid: number) => run(...others, quoting(1, 'gate', bid)).passed.at(-1)?.isFlagged
    expect([judged(105.1), judged(105), judged(95), judged(94.9)]).toEqual([true, false, false, true])
    expect(run(...others, quoting(1, 'gate', 200)).findings).toMatchObject([{ kind: 'OUTLIER', exchange: 'gate' }])
  })

  test('judges nobody by one other alone, nor by quotes older than 10 s, nor by withdrawn ones', () => {
    const flagged = (...ticks: readonly Tick[]) => run(...ticks).passed.some(({ isFlagged }) => isFlagged)
    expect(flagged(quoting(0, 'kraken', 100), quoting(1, 'gate', 200))).toBe(false)
    expect(flagged(quoting(0, 'kraken', 100), quoting(0, 'okx', 100), quoting(10_000, 'gate', 200))).toBe(false)
    const withdrawn = at(1, gap({ reason: 'WITHDRAWN' }), { exchange: 'okx' })
    expect(flagged(quoting(0, 'kraken', 100), quoting(0, 'okx', 100), withdrawn, quoting(2, 'gate', 200))).toBe(false)
  })

  test('flags nobody once all have followed a jump', () => {
    const before = ['kraken', 'okx', 'gate'].map((exchange) => quoting(0, exchange, 100))
    const after = ['kraken', 'okx', 'gate'].map((exchange, index) => quoting(index + 1, exchange, 120))
    const again = quoting(10, 'kraken', 120)
    expect(run(...before, ...after, again).passed.map(({ isFlagged }) => isFlagged)).toEqual(
      // Of those that jump the first two stand alone against the others; the third has two that followed.
      [false, false, false, true, true, false, false],
    )
  })

  test('tells of a quote that was not renewed for 60 s while its session lives, once', () => {
    const beats = [59.999, 60, 61, 125].map((s) => at(s * 1000, heartbeat()))
    const { findings } = run(at(0, quote()), ...beats)
    expect(findings.map(({ kind, at: when }) => [kind, when])).toEqual([['STALE', ms(60_000)]])
    expect(run(at(0, quote()), at(70_000, heartbeat({ state: 'DOWN' }))).findings).toEqual([])
  })

  test('tells of a hole in the numbers of an exchange', () => {
    const { findings } = run(at(0, gap({ reason: 'SEQUENCE' })), at(1, gap({ reason: 'DISCONNECT' })))
    expect(findings.map(({ kind }) => kind)).toEqual(['SEQUENCE_GAP'])
  })

  test('tells of one kind, exchange and symbol once a minute of T, and counts each', () => {
    const repeats = [0, 1, 2, 30_000, 60_000].map((millis) => trading(millis, 'a'))
    const { findings, tally } = run(trading(0, 'a'), ...repeats)
    expect(findings.map(({ at: when }) => when)).toEqual([ms(0), ms(60_000)])
    expect(tally.get('finding_repeat')).toBe(5)
  })
})
