import { describe, expect, test } from 'vitest'
import { cut, headline, textOf, type Tellable } from '../../../consumers/alerts/text.ts'

const one = (change: Partial<Tellable> = {}): Tellable => ({
  alertId: 'price-spike@2:3:1041:0',
  phase: 'FIRED',
  severity: 'critical',
  type: 'PRICE_SPIKE',
  title: 'Price spike',
  atMicros: Date.UTC(2026, 10, 21, 18, 29, 42, 123) * 1000 + 456,
  feed: 'LIVE',
  exchange: 'kraken',
  symbol: 'BTC-USD',
  fields: { jumpBps: 152.34567891234, side: 'BUY', mean: null },
  suppressed: 0,
  ...change,
})

// Each text is written by hand.
describe('the text of an alert', () => {
  test('says severity, title, place, fields, time and id', () => {
    expect(textOf([one()], undefined, false)).toBe(
      `CRITICAL: Price spike, BTC-USD on kraken
jumpBps 152.34568, side BUY
2026-11-21 18:29:42.123 UTC
id price-spike@2:3:1041:0`,
    )
  })

  test('links to the match on the page, of a service to the symbol, and counts what the cool-down held back', () => {
    expect(textOf([one({ suppressed: 12, fields: {} })], 'https://page.example', false)).toBe(
      `CRITICAL: Price spike, BTC-USD on kraken
12 more held back by the cool-down
2026-11-21 18:29:42.123 UTC
https://page.example/?rule=price-spike&match=price-spike@2:3:1041:0
id price-spike@2:3:1041:0`,
    )
    expect(textOf([one({ alertId: 'healer:a:SILENT:4' })], 'https://page.example', false)).toContain(
      '\nhttps://page.example/?symbol=BTC-USD\n',
    )
  })

  test('marks what is not live, in the first line', () => {
    expect(headline([one({ feed: 'SIMULATED' })])).toBe('CRITICAL: Price spike, BTC-USD on kraken (SIMULATED)')
    expect(headline([one({ feed: 'RECORDED' }), one({ feed: 'RECORDED' })])).toBe(
      'CRITICAL: 2 alerts: Price spike (RECORDED)',
    )
    expect(headline([one(), one({ feed: 'SIMULATED' })])).toBe('CRITICAL: 2 alerts: Price spike (not all LIVE)')
  })

  test('says what is resolved', () => {
    expect(textOf([one({ phase: 'RESOLVED', fields: {}, exchange: undefined })], undefined, false)).toBe(
      `RESOLVED: Price spike, BTC-USD
2026-11-21 18:29:42.123 UTC
id price-spike@2:3:1041:0`,
    )
  })

  test('of several begins with the worst, and has the id of each', () => {
    const all = [one({ severity: 'info' }), one({ title: 'Silence', severity: 'warning', alertId: 'b', fields: {} })]
    expect(textOf(all, undefined, false)).toBe(
      `WARNING: 2 alerts: Price spike, Silence

INFO: Price spike, BTC-USD on kraken
jumpBps 152.34568, side BUY
2026-11-21 18:29:42.123 UTC
id price-spike@2:3:1041:0

WARNING: Silence, BTC-USD on kraken
2026-11-21 18:29:42.123 UTC
id b`,
    )
    expect(headline([one(), one({ title: 'b' }), one({ title: 'c' })])).toBe(
      'CRITICAL: 3 alerts: Price spike, b and others',
    )
  })

  test('says when an attempt before may have arrived', () => {
    expect(textOf([one({ fields: {} })], undefined, true)).toBe(
      `CRITICAL: Price spike, BTC-USD on kraken
2026-11-21 18:29:42.123 UTC
id price-spike@2:3:1041:0

(This may be a repeat: nobody knows whether an earlier attempt arrived.)`,
    )
  })

  test('stays on its lines, whatever its parts bring along', () => {
    const text = textOf([one({ title: 'a\r\n\u2028b\u202Ec', fields: { 'x\ny': 'p\u0000q' } })], undefined, false)
    expect(text.split('\n')).toEqual([
      'CRITICAL: a b c, BTC-USD on kraken',
      'x y p q',
      '2026-11-21 18:29:42.123 UTC',
      'id price-spike@2:3:1041:0',
    ])
  })

  test('is bounded, whatever is in it', () => {
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`name${n}`, 'x'.repeat(500)]))
    const text = textOf([one({ title: '😀'.repeat(5000), fields })], undefined, false)
    expect(Array.from(text).length).toBeLessThan(600)
    expect(text.isWellFormed()).toBe(true)
  })
})

test('a text is cut between characters', () => expect(cut('a😀😀😀', 3)).toBe('a😀…'))
