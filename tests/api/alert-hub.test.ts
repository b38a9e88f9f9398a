import { describe, expect, test } from 'vitest'
import { createAlertBoard } from '../../api/alert-board.ts'
import { createAlertHub } from '../../api/alert-hub.ts'
import { alertOf, type AlertFilter } from '../../api/alert.ts'
import type { Peer } from '../../api/hub.ts'
import { alert } from '../support/alerts.ts'
import { MINUTE, ms } from '../support/logged.ts'

const ALL: AlertFilter = { symbols: undefined, exchanges: undefined, ruleIds: undefined, minSeverity: undefined }
const LIMITS = { holdBytes: 1000, closeBytes: 4000, behindMicros: 10_000_000 }
type Heard = {
  readonly type: string
  readonly sequence: number
  readonly isWhole?: boolean
  readonly alerts: readonly { readonly alertId: string; readonly phase: string; readonly state: string }[]
}

function ear() {
  const heard: Heard[] = []
  const frames: Buffer[] = []
  const it = { heard, frames, buffered: 0, ending: '' }
  const peer: Peer = {
    bufferedAmount: () => it.buffered,
    send(frame) {
      frames.push(frame)
      heard.push(JSON.parse(frame.toString()))
    },
    end: (reason) => void (it.ending = reason),
  }
  return { ...it, peer, it }
}
const start = (limits: Parameters<typeof createAlertBoard>[0] = {}) => {
  const board = createAlertBoard(limits)
  return { board, hub: createAlertHub(board, 'simulated', LIMITS) }
}
/** `spike@1:0:7:0` is 7. */
const lines = (heard: readonly Heard[]) =>
  heard.map(
    ({ type, alerts }) =>
      `${type}: ${alerts.map(({ alertId, state }) => `${alertId.split(':')[2]} ${state}`).join(', ')}`,
  )

describe('the hub of alerts', () => {
  test('sends what stands first, be it nothing, then what fires, is acknowledged and resolved', () => {
    const { board, hub } = start()
    const [early, late] = [ear(), ear()]
    hub.subscribe(early.peer, ALL, MINUTE)
    board.take(alert(1))
    hub.flush(MINUTE)
    hub.subscribe(late.peer, ALL, MINUTE)
    board.take(alert(2))
    board.acknowledge({ ...alertOf(alert(1)), state: 'acknowledged', ackedBy: 'alice', ackedAt: 'then' })
    hub.flush(MINUTE)
    hub.flush(MINUTE)
    board.take(alert(3, { alertKey: alert(1).alertKey, phase: 'RESOLVED' }))
    hub.flush(MINUTE)
    expect(lines(early.heard)).toEqual([
      'snapshot: ',
      'alert: 1 open',
      'alert: 2 open, 1 acknowledged',
      'alert: 3 resolved',
    ])
    expect(lines(late.heard)).toEqual(['snapshot: 1 open', 'alert: 2 open, 1 acknowledged', 'alert: 3 resolved'])
    expect(late.heard[0]).toMatchObject({ channel: 'alerts', isWhole: true, sequence: 1, source: 'simulated' })
    expect(late.heard[2]).toMatchObject({ channel: 'alerts', sequence: 4, alerts: [{ phase: 'RESOLVED' }] })
    expect(late.heard[2]).not.toHaveProperty('isWhole')
  })

  test('a filter lets through what it names, and the end of what it let through; unsubscribing ends it', () => {
    const { board, hub } = start()
    const [grave, one, gone] = [ear(), ear(), ear()]
    hub.subscribe(grave.peer, { ...ALL, minSeverity: 'critical' }, MINUTE)
    hub.subscribe(one.peer, { ...ALL, symbols: new Set(['S2-USD']) }, MINUTE)
    hub.subscribe(gone.peer, ALL, MINUTE)
    hub.unsubscribe(gone.peer)
    board.take(alert(1, { severity: 'critical' }))
    board.take(alert(2))
    hub.flush(MINUTE)
    board.take(alert(3, { alertKey: alert(1).alertKey, phase: 'RESOLVED', severity: 'info' }))
    hub.flush(MINUTE)
    expect(lines(grave.heard)).toEqual(['snapshot: ', 'alert: 1 open', 'alert: 3 resolved'])
    expect(lines(one.heard)).toEqual(['snapshot: ', 'alert: 2 open'])
    expect(lines(gone.heard)).toEqual(['snapshot: '])
  })

  test('a client that is held back gets everything it missed, and is closed when it would miss one', () => {
    const { board, hub } = start({ kept: 4 })
    const [slow, lost] = [ear(), ear()]
    for (const { peer } of [slow, lost]) hub.subscribe(peer, ALL, MINUTE)
    slow.it.buffered = lost.it.buffered = 2000
    for (const n of [1, 2, 3]) {
      board.take(alert(n))
      hub.flush(MINUTE)
    }
    expect(slow.heard).toHaveLength(1)
    slow.it.buffered = 0
    hub.flush(MINUTE)
    expect(lines(slow.heard)).toEqual(['snapshot: ', 'alert: 1 open, 2 open, 3 open'])
    for (let n = 4; n < 12; n++) {
      board.take(alert(n))
      hub.flush(MINUTE)
    }
    expect([slow.it.ending, lost.it.ending, hub.subscribers()]).toEqual(['', 'behind', 1])
  })

  test('a client is closed that is behind for too long or holds too much', () => {
    const { board, hub } = start()
    const [behind, full] = [ear(), ear()]
    for (const { peer } of [behind, full]) hub.subscribe(peer, ALL, MINUTE)
    board.take(alert(1))
    behind.it.buffered = 2000
    full.it.buffered = 5000
    hub.flush(ms(0))
    expect([behind.it.ending, full.it.ending]).toEqual(['', 'buffer_full'])
    hub.flush(ms(10_001))
    expect(behind.it.ending).toBe('behind')
  })

  test('after a new state of the board everybody gets it; clients with the same filter share one message', () => {
    const { board, hub } = start({ open: 1 })
    const [one, other] = [ear(), ear()]
    for (const { peer } of [one, other]) hub.subscribe(peer, { ...ALL, ruleIds: new Set(['spike']) }, MINUTE)
    for (const n of [1, 2]) board.take(alert(n))
    hub.flush(MINUTE)
    expect(one.frames[1]).toBe(other.frames[1])
    board.restore({ alerts: [alertOf(alert(2))], isWhole: false, over: [] })
    hub.reset()
    hub.flush(MINUTE)
    expect(lines(one.heard).at(-1)).toBe('snapshot: 2 open')
    expect(one.heard.at(-1)).toMatchObject({ isWhole: false })
  })
})
