import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSignalBoard, type SignalBoard } from '../../api/signal-board.ts'
import { endsBy, fits, signalOf } from '../../api/signal.ts'
import type { Phase } from '../../core/opportunity.ts'
import { micros } from '../../core/time.ts'
import { leg, life, opportunity, origin } from '../support/derived.ts'
import { MINUTE, ms } from '../support/logged.ts'

const record = (id: string, phase: Phase, offset: number, edgeBps = 10) =>
  opportunity({
    opportunityId: id,
    phase,
    at: ms(offset),
    edgeBps,
    origin: origin({ offset }),
    ...(phase === 'OPEN' ? {} : { life: life({ openedAt: MINUTE, peakBps: Math.max(edgeBps, 10) }) }),
    ...(phase === 'CLOSE' ? { reason: 'edge' as const } : {}),
  })
const said = (board: SignalBoard, since = 0) =>
  board.since(since)?.map(({ sequence, signal }) => `${sequence} ${signal.id} ${signal.phase} ${signal.edgeBps}`)

describe('a signal', () => {
  test('is its newest record, decimals as text, times with microseconds; what is absent is left out as JSON', () => {
    const signal = JSON.parse(JSON.stringify(signalOf(opportunity({ size: 1e-7 }))))
    expect(signal).toMatchObject({
      id: 'x:0:1:0',
      state: 'open',
      openedAt: '2026-11-20T10:15:00.000000Z',
      // The next multiple of ten minutes.
      endsBy: '2026-11-20T10:20:00.000000Z',
      edgeBps: 10,
      openEdgeBps: 10,
      peakBps: 10,
      size: '0.0000001',
      notional: '200',
      profitTime: '0',
    })
    expect(signal.legs[0]).toMatchObject({
      price: '100',
      evidence: { partition: 0, offset: 7, eventTime: '2026-11-20T10:15:00.000000Z', bid: '99.5', askSize: '2' },
    })
    expect('closedAt' in signal).toBe(false)
  })

  test('ends by the next multiple of its time to live', () => {
    expect(endsBy(ms(1), 600_000)).toBe(ms(300_000))
    expect(endsBy(ms(299_999), 600_000)).toBe(ms(300_000))
    expect(endsBy(ms(300_001), 600_000)).toBe(ms(900_000))
  })

  test('fits a filter by its kind, the symbol of any leg, and its greatest edge so far', () => {
    const all = { kind: undefined, symbols: undefined, minEdgeBps: undefined }
    const falling = signalOf(record('a', 'UPDATE', 5, 4))
    expect(fits(all, falling)).toBe(true)
    expect(fits({ ...all, kind: 'TRIANGULAR' }, falling)).toBe(false)
    // The second leg is of BTC-USD.
    expect(fits({ ...all, symbols: new Set(['BTC-USD']) }, falling)).toBe(true)
    expect(fits({ ...all, symbols: new Set(['ETH-USD']) }, falling)).toBe(false)
    expect(fits({ ...all, minEdgeBps: 10 }, falling)).toBe(true)
    expect(fits({ ...all, minEdgeBps: 10.1 }, falling)).toBe(false)
  })
})

describe('the board of signals', () => {
  test('keeps each beginning and each end, and of changes between the newest', () => {
    const board = createSignalBoard()
    for (const one of [
      record('a', 'OPEN', 1),
      record('a', 'UPDATE', 2, 11),
      record('b', 'OPEN', 3),
      record('a', 'UPDATE', 4, 12),
      record('b', 'UPDATE', 5, 20),
      record('b', 'CLOSE', 6, 2),
    ])
      board.take(one)
    expect(said(board)).toEqual(['1 a OPEN 10', '3 b OPEN 10', '4 a UPDATE 12', '6 b CLOSE 2'])
    expect(said(board, 4)).toEqual(['6 b CLOSE 2'])
    expect(board.open().map(({ id, edgeBps }) => [id, edgeBps])).toEqual([['a', 12]])
    expect(board.latest()).toBe(ms(6))
  })

  test('an older record than the one that stands changes nothing', () => {
    const board = createSignalBoard()
    board.restore([signalOf(record('a', 'UPDATE', 9, 15))])
    const before = board.sequence()
    board.take(record('a', 'OPEN', 1))
    board.take(record('a', 'UPDATE', 9, 14))
    expect(board.sequence()).toBe(before)
    expect(board.open()).toMatchObject([{ edgeBps: 15 }])
  })

  test('what passes its time without CLOSE has ended, but not before the CLOSE had time to come', () => {
    const board = createSignalBoard()
    board.take(record('a', 'OPEN', 1))
    board.expire(ms(304_999))
    expect(board.open()).toHaveLength(1)
    board.expire(ms(305_001))
    expect(board.open()).toEqual([])
    expect(board.since(1)).toMatchObject([{ signal: { id: 'a', state: 'closed', phase: 'OPEN' } }])
    board.expire(ms(999_999))
    expect(board.since(2)).toEqual([])
  })

  test('who is too far behind is told so instead of missing a beginning or an end', () => {
    const board = createSignalBoard(4)
    for (let n = 1; n <= 20; n++) board.take(record(`s${n}`, 'OPEN', n))
    expect(board.since(1)).toBeUndefined()
    expect(board.since(17)).toHaveLength(3)
    board.restore([])
    expect(board.since(17)).toBeUndefined()
    expect(board.since(board.sequence())).toEqual([])
  })

  test('who takes changes at any times knows all beginnings, all ends, and the newest of what is open', () => {
    const step = fc.record({ id: fc.constantFrom('a', 'b', 'c'), what: fc.nat(3), look: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const board = createSignalBoard()
        const lives = new Map<string, number>()
        const written: string[] = []
        const heard: string[] = []
        const known = new Map<string, number>()
        let taken = 0
        const look = (): void => {
          for (const { sequence, signal } of board.since(taken) ?? []) {
            if (signal.phase !== 'UPDATE') heard.push(`${signal.id} ${signal.phase}`)
            if (signal.state === 'open') known.set(signal.id, signal.edgeBps)
            else known.delete(signal.id)
            taken = sequence
          }
        }
        for (const [n, { id, what, look: looks }] of steps.entries()) {
          const begun = lives.get(id)
          const phase = begun === undefined ? 'OPEN' : what === 0 ? 'CLOSE' : 'UPDATE'
          const name = `${id}${begun ?? n}`
          if (phase === 'OPEN') lives.set(id, n)
          if (phase === 'CLOSE') lives.delete(id)
          if (phase !== 'UPDATE') written.push(`${name} ${phase}`)
          board.take(record(name, phase, n + 1, n))
          if (looks) look()
        }
        look()
        expect(heard).toEqual(written)
        expect(known).toEqual(new Map(board.open().map(({ id, edgeBps }) => [id, edgeBps])))
      }),
    )
  })
})

test('a leg without a time of its exchange has no lag', () => {
  const { legs } = signalOf(opportunity({ at: micros(MINUTE), legs: [leg({ lagMs: undefined })] }))
  expect(legs).toMatchObject([{ lagMs: undefined }])
})
