import { describe, expect, test } from 'vitest'
import {
  aboutText,
  createKnownAlerts,
  isOpen,
  matcherOf,
  readAlertMessage,
  readAlerts,
  readSilences,
} from '../../api/page/alerts.ts'

const at = (second: number): string => new Date(second * 1000).toISOString()
const one = (alertId: string, change: object = {}) => ({
  alertId,
  alertKey: `story of ${alertId}`,
  phase: 'FIRED',
  state: 'open',
  severity: 'warning',
  at: at(1),
  ...change,
})
const read = (...alerts: readonly object[]) => readAlerts({ alerts })

describe('alerts that are open', () => {
  const known = () => {
    const alerts = createKnownAlerts()
    return {
      ids: () => alerts.list().map(({ id }) => id),
      is: (...all: readonly object[]) => alerts.apply({ isState: true, alerts: read(...all) }),
      now: (...all: readonly object[]) => alerts.apply({ isState: false, alerts: read(...all) }),
    }
  }

  test('stand with the gravest first, of these the newest', () => {
    const { is, ids } = known()
    is(one('a'), one('b', { severity: 'info' }), one('c', { severity: 'critical' }), one('d', { at: at(2) }))
    expect(ids()).toEqual(['c', 'd', 'a', 'b'])
  })

  test('go when their story resolves, or somebody has seen them', () => {
    const { is, now, ids } = known()
    is(one('a'), one('b'), one('c', { alertKey: 'story of a' }))
    now(one('x', { alertKey: 'story of a', phase: 'RESOLVED', state: 'resolved' }))
    expect(ids()).toEqual(['b'])
    now(one('b', { state: 'acknowledged' }), one('e'))
    expect(ids()).toEqual(['e'])
  })

  test('are those of a new state alone, after one', () => {
    const { is, ids } = known()
    is(one('a'))
    is(one('b'), one('seen', { state: 'acknowledged' }), one('over', { state: 'resolved' }))
    expect(ids()).toEqual(['b'])
    expect(read(one('end', { phase: 'RESOLVED', state: 'resolved' })).filter(isOpen)).toEqual([])
  })
})

describe('messages', () => {
  test('of alerts are told from those of prices by their channel', () => {
    const message = { type: 'snapshot', channel: 'alerts', time: at(3), alerts: [one('a')] }
    expect(readAlertMessage(JSON.stringify(message))).toMatchObject({ isState: true, timeMs: 3000 })
    expect(readAlertMessage(JSON.stringify({ ...message, type: 'alert' }))?.isState).toBe(false)
    expect(readAlertMessage('{"type":"snapshot","prices":[]}')).toBeUndefined()
  })
})

describe('an alert', () => {
  test('is about a symbol and an exchange, else about what it fired for', () => {
    const about = (change: object) => read(one('a', change)).map(aboutText)[0]
    expect(about({ exchange: 'kraken', symbol: 'A-B', key: { x: '1' } })).toBe('A-B · kraken')
    expect(about({ exchange: 'kraken' })).toBe('kraken')
    expect(about({ key: { base: 'BTC' } })).toBe('BTC')
    expect(about({})).toBe('–')
  })

  test('is silenced with its rule, of a service with what is like it', () => {
    expect(read(one('a', { ruleId: 'spike', type: 'X' }), one('b', { type: 'SILENT' })).map(matcherOf)).toEqual([
      { ruleId: 'spike' },
      { type: 'SILENT' },
    ])
  })

  test('silences are read with what they match', () => {
    expect(
      readSilences({ silences: [{ silenceId: 3, matcher: { ruleId: 'a' }, endsAt: at(9), author: 'me' }] }),
    ).toEqual([{ id: 3, matcher: [['ruleId', 'a']], endsAtMs: 9000, author: 'me' }])
  })
})
