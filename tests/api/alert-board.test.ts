import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAlertBoard, type AlertBoard } from '../../api/alert-board.ts'
import { alertFilterKey, alertFits, alertOf, type AlertFilter, type AlertItem } from '../../api/alert.ts'
import type { WrittenAlert } from '../../core/alert.ts'
import { micros } from '../../core/time.ts'
import { alert, serviceAlert } from '../support/alerts.ts'
import { MINUTE, ms } from '../support/logged.ts'

const idOf = (n: number): string => `spike@1:0:${n}:0`
/** Alert `n` of a story. */
const fired = (n: number, story: string, change: Partial<WrittenAlert> = {}) => alert(n, { alertKey: story, ...change })
const resolved = (n: number, story: string, change: Partial<WrittenAlert> = {}) =>
  fired(n, story, { phase: 'RESOLVED', ...change })
/** As PostgreSQL has an alert that somebody acknowledged. */
const acked = (written: WrittenAlert, by = 'alice', state: AlertItem['state'] = 'acknowledged'): AlertItem => ({
  ...alertOf(written),
  state,
  ackedBy: by,
  ackedAt: '2026-11-20T10:15:05.000000Z',
})
const said = (board: AlertBoard, since = 0) =>
  board
    .since(since)
    ?.map(({ sequence, alert: { alertId, phase, state, ackedBy = '' } }) =>
      `${sequence} ${alertId} ${phase} ${state} ${ackedBy}`.trim(),
    )
const standing = (board: AlertBoard) => board.open().map(({ alertId, state }) => `${alertId} ${state}`)
const NOTHING = { alerts: [], isWhole: true, over: [] }

describe('an alert', () => {
  test('is as it was written, times with microseconds; its evidence says which partition; nobody has seen it', () => {
    const item = JSON.parse(JSON.stringify(alertOf(alert(1))))
    expect(item).toMatchObject({
      alertId: idOf(1),
      at: '2026-11-20T10:15:00.000001Z',
      state: 'open',
      evidence: [{ stream: 'trade', partition: 0, offset: 7, at: '2026-11-20T10:15:00.000000Z', exchange: 'kraken' }],
    })
    expect(['ackedBy', 'ackedAt', 'resolvedAt'].filter((name) => name in item)).toEqual([])
    expect(alertOf(resolved(2, 'a'))).toMatchObject({ state: 'resolved', resolvedAt: '2026-11-20T10:15:00.000002Z' })
    expect(MINUTE).toBe(Date.UTC(2026, 10, 20, 10, 15) * 1000)
  })

  test('fits a filter by its symbol, its exchange, its rule and its severity; what has none of a name does not', () => {
    const all: AlertFilter = { symbols: undefined, exchanges: undefined, ruleIds: undefined, minSeverity: undefined }
    const one = alertOf(alert(1))
    const ofService = alertOf(serviceAlert(1))
    const fits = (change: Partial<AlertFilter>, item = one, rank?: number) =>
      alertFits({ ...all, ...change }, item, rank)
    expect([fits({}), fits({}, ofService)]).toEqual([true, true])
    expect([fits({ symbols: new Set(['S1-USD']) }), fits({ symbols: new Set(['S2-USD']) })]).toEqual([true, false])
    expect([fits({ exchanges: new Set(['kraken']) }), fits({ exchanges: new Set(['okx']) })]).toEqual([true, false])
    expect([fits({ ruleIds: new Set(['spike']) }), fits({ ruleIds: new Set(['surge']) })]).toEqual([true, false])
    expect([
      fits({ symbols: new Set(['S1-USD']) }, ofService),
      fits({ ruleIds: new Set(['spike']) }, ofService),
    ]).toEqual([false, false])
    expect((['info', 'warning', 'critical'] as const).map((minSeverity) => fits({ minSeverity }))).toEqual([
      true,
      true,
      false,
    ])
    // The end of what was critical.
    expect(fits({ minSeverity: 'critical' }, one, 2)).toBe(true)
    expect(alertFilterKey({ ...all, symbols: new Set(['A-B', 'C-D']) })).toBe(
      alertFilterKey({ ...all, symbols: new Set(['C-D', 'A-B']) }),
    )
    expect(alertFilterKey({ ...all, symbols: new Set(['a']) })).not.toBe(
      alertFilterKey({ ...all, exchanges: new Set(['a']) }),
    )
  })
})

describe('the board of alerts', () => {
  test('keeps each that fires until its story is resolved, and tells of both', () => {
    const board = createAlertBoard()
    for (const one of [fired(1, 'a'), fired(2, 'b'), fired(3, 'a'), resolved(4, 'a')])
      expect(board.take(one)).toBe(true)
    expect(said(board)).toEqual([
      `1 ${idOf(1)} FIRED open`,
      `2 ${idOf(2)} FIRED open`,
      `3 ${idOf(3)} FIRED open`,
      `4 ${idOf(4)} RESOLVED resolved`,
    ])
    expect(said(board, 3)).toEqual([`4 ${idOf(4)} RESOLVED resolved`])
    expect(standing(board)).toEqual([`${idOf(2)} open`])
  })

  test('a repeat is told once, of what is over and of what was stored, too', () => {
    const board = createAlertBoard()
    board.restore({
      alerts: [alertOf(fired(1, 'a'))],
      isWhole: true,
      over: [{ alertId: idOf(2), state: 'passed', resolvedAt: undefined }],
    })
    const taken = [
      fired(1, 'a'),
      fired(2, 'b'),
      fired(3, 'c'),
      fired(3, 'c'),
      resolved(4, 'c'),
      resolved(4, 'c'),
      fired(3, 'c'),
    ]
    expect(taken.map((one) => board.take(one))).toEqual([false, false, true, false, true, false, false])
    expect(standing(board)).toEqual([`${idOf(1)} open`])
  })

  test('an acknowledgement is told once, with who; the alert stays until it is resolved', () => {
    const board = createAlertBoard()
    board.take(fired(1, 'a'))
    board.acknowledge(acked(fired(1, 'a')))
    board.acknowledge(acked(fired(1, 'a')))
    expect(said(board, 1)).toEqual([`2 ${idOf(1)} FIRED acknowledged alice`])
    expect(standing(board)).toEqual([`${idOf(1)} acknowledged`])
    board.take(resolved(2, 'a'))
    expect(standing(board)).toEqual([])
    // The log was ahead of the tables.
    board.take(fired(3, 'b'))
    board.take(resolved(4, 'b'))
    board.acknowledge(acked(fired(3, 'b')))
    expect(said(board, 5)).toEqual([`6 ${idOf(3)} FIRED resolved alice`])
    expect(board.since(5)?.[0]?.alert.resolvedAt).toBe('2026-11-20T10:15:00.000004Z')
    expect(standing(board)).toEqual([])
  })

  test('an acknowledgement that comes before the alert is told as it is, and the alert is acknowledged when it comes', () => {
    const board = createAlertBoard()
    board.acknowledge(acked(fired(1, 'a')))
    expect(standing(board)).toEqual([])
    board.take(fired(1, 'a'))
    expect(said(board)).toEqual([`1 ${idOf(1)} FIRED acknowledged alice`, `2 ${idOf(1)} FIRED acknowledged alice`])
    expect(standing(board)).toEqual([`${idOf(1)} acknowledged`])
    board.restore({ ...NOTHING, alerts: [acked(fired(2, 'b'))] })
    board.acknowledge(acked(fired(2, 'b')))
    expect(said(board, 3)).toEqual([])
  })

  test('the end of a story is as grave as what it ends; of one that is too old to be known, as grave as can be', () => {
    const board = createAlertBoard({ open: 2 })
    const rank = () => board.since(board.sequence() - 1)?.[0]?.rank
    board.take(fired(1, 'a', { severity: 'critical' }))
    board.take(resolved(2, 'a', { severity: 'info' }))
    expect(rank()).toBe(2)
    board.take(resolved(3, 'unknown', { severity: 'info' }))
    expect(rank()).toBe(0)
    for (const n of [4, 5, 6]) board.take(fired(n, `s${n}`))
    board.take(resolved(7, 's4', { severity: 'info' }))
    expect(rank()).toBe(2)
  })

  test('what no RESOLVED follows passes some time after it fired, and is told so; a repeat of it is none', () => {
    const board = createAlertBoard({ passMs: 1000 })
    const passing = { resolves: false, at: ms(0) } as const
    board.take(fired(1, 'a', passing))
    board.take(fired(2, 'b', { at: ms(0) }))
    expect(board.open().map(({ expiresAt }) => expiresAt)).toEqual(['2026-11-20T10:15:01.000000Z', undefined])
    board.expire(micros(ms(1000) - 1))
    expect(said(board, 2)).toEqual([])
    board.expire(ms(1000))
    board.expire(ms(9000))
    expect(said(board, 2)).toEqual([`3 ${idOf(1)} FIRED passed`])
    expect(board.take(fired(1, 'a', passing))).toBe(false)
    expect(standing(board)).toEqual([`${idOf(2)} open`])
    // It was seen all the same.
    board.acknowledge(acked(fired(1, 'a', passing)))
    expect(said(board, 3)).toEqual([`4 ${idOf(1)} FIRED passed alice`])
  })

  test('a renewal is not told: what it ends passes, unless it is resolved until then', () => {
    const board = createAlertBoard({ passMs: 1000 })
    for (const [n, story] of ['a', 'b'].entries()) board.take(fired(n, story))
    for (const [n, story] of ['a', 'b'].entries()) board.take(resolved(n + 2, story, { reason: 'renew', at: ms(0) }))
    expect(said(board, 2)).toEqual([])
    board.take(resolved(4, 'a', { reason: 'release', at: ms(500) }))
    board.expire(ms(1000))
    expect(said(board, 2)).toEqual([`3 ${idOf(4)} RESOLVED resolved`, `4 ${idOf(1)} FIRED passed`])
    expect(board.take(resolved(2, 'a', { reason: 'renew', at: ms(0) }))).toBe(false)
  })

  test('of too many that stand the newest are kept, and it says so', () => {
    const board = createAlertBoard({ open: 2 })
    for (const n of [1, 2]) board.take(fired(n, 'a'))
    expect(board.isWhole()).toBe(true)
    board.take(fired(3, 'a'))
    expect([standing(board), board.isWhole()]).toEqual([[`${idOf(2)} open`, `${idOf(3)} open`], false])
    // It was seen all the same.
    board.acknowledge(acked(fired(1, 'a')))
    expect(said(board, 3)).toEqual([`4 ${idOf(1)} FIRED acknowledged alice`])
    board.restore(NOTHING)
    expect(board.isWhole()).toBe(true)
  })

  test('who is too far behind is told so instead of missing one', () => {
    const board = createAlertBoard({ kept: 4 })
    for (let n = 1; n <= 20; n++) board.take(fired(n, 'a'))
    expect(board.since(1)).toBeUndefined()
    expect(board.since(16)).toHaveLength(4)
    board.restore(NOTHING)
    expect(board.since(16)).toBeUndefined()
    expect(board.since(board.sequence())).toEqual([])
  })

  test('who takes changes at any times knows what stands and who has seen it', () => {
    const step = fc.record({ story: fc.constantFrom('a', 'b', 'c'), what: fc.nat(4), look: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const board = createAlertBoard()
        const known = new Map<string, AlertItem>()
        const told: string[] = []
        let taken = 0
        const look = (): void => {
          for (const { sequence, alert: one } of board.since(taken) ?? []) {
            taken = sequence
            if (one.phase === 'FIRED') told.push(`${one.alertId} ${one.state === 'open' ? 'fired' : 'seen'}`)
            if (one.phase === 'FIRED' && one.state !== 'resolved') known.set(one.alertId, one)
            else
              for (const [id, { alertKey }] of known)
                if (alertKey === one.alertKey && one.phase === 'RESOLVED') known.delete(id)
          }
        }
        const written: string[] = []
        const firedOf = new Map<string, WrittenAlert>()
        const seen = new Set<string>()
        for (const [n, { story, what, look: looks }] of steps.entries()) {
          const last = firedOf.get(story)
          if (what < 2) {
            const one = fired(n, story)
            firedOf.set(story, one)
            written.push(`${one.alertId} fired`)
            board.take(one)
          } else if (what === 2) board.take(resolved(n, story))
          else if (last !== undefined) {
            if (!seen.has(last.alertId)) written.push(`${last.alertId} seen`)
            seen.add(last.alertId)
            board.acknowledge(acked(last))
          }
          if (looks) look()
        }
        look()
        expect(told).toEqual(written)
        expect([...known.values()].map(({ alertId, state }) => `${alertId} ${state}`).toSorted()).toEqual(
          standing(board).toSorted(),
        )
      }),
    )
  })
})
