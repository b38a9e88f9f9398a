import { describe, expect, test } from 'vitest'
import { ruleAlert, type Alert } from '../../core/alert.ts'
import { micros } from '../../core/time.ts'

const alert: Alert = {
  source: 'RULE',
  alertKey: 'rule price-spike {"symbol":"BTC-USD"}',
  phase: 'FIRED',
  reason: undefined,
  resolves: true,
  severity: 'warning',
  type: 'PRICE_SPIKE',
  title: 'Price spike',
  at: micros(1_795_169_730_000_000),
  feed: 'LIVE',
  ruleId: 'price-spike',
  ruleVersion: 3,
  key: { symbol: 'BTC-USD' },
  exchange: undefined,
  symbol: 'BTC-USD',
  fields: {},
  evidence: [],
  suppressed: 0,
  action: undefined,
}
const origin = { processor: 'market', version: 9, partition: 4, offset: 1200, ordinal: 7 }

describe('an alert of a rule', () => {
  // The match was output 6 of that record, so its alert is output 7.
  test('has the id of the match that stands directly before it, and its own origin', () => {
    expect(ruleAlert(alert, origin)).toEqual({ ...alert, alertId: 'price-spike@3:4:1200:6', origin })
  })

  test.each<[string, Partial<Alert>, number]>([
    ['without a rule', { ruleId: undefined }, 7],
    ['without a version', { ruleVersion: undefined }, 7],
    ['that stands first among the outputs', {}, 0],
  ])('is refused if it is one %s', (_, change, ordinal) => {
    expect(() => ruleAlert({ ...alert, ...change }, { ...origin, ordinal })).toThrow(TypeError)
  })
})
