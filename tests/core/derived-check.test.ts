import { describe, expect, test } from 'vitest'
import { candleFault, matchFault, opportunityFault } from '../../core/derived-check.ts'
import { micros } from '../../core/time.ts'
import { candle, leg, life, opportunity, origin } from '../support/derived.ts'
import { MINUTE } from '../support/logged.ts'
import { evidence, match } from '../support/matches.ts'

describe('a candle', () => {
  test('is believed as the processor writes it', () => {
    expect(candleFault(candle())).toBeUndefined()
    expect(candleFault(candle({ exchange: '*', interval: '1s', openTime: micros(MINUTE + 1_000_000) }))).toBeUndefined()
    // A mean of equal prices may round past them.
    const flat = { open: 0.1, high: 0.1, low: 0.1, close: 0.1 }
    expect(candleFault(candle({ ...flat, vwap: 0.10000000000000002 }))).toBeUndefined()
  })

  test.each([
    ['no exchange', { exchange: '' }, /^exchange/],
    ['a symbol in an exchange’s spelling', { symbol: 'BTCUSDT' }, /^symbol/],
    ['a start within a minute', { openTime: micros(MINUTE + 1) }, /^openTime/],
    ['a start before there was Bitcoin', { openTime: micros(0) }, /^openTime/],
    ['a price of nothing', { low: 0 }, /^low/],
    ['no number', { volume: Number.NaN }, /^volume/],
    ['an infinite sum', { quoteVolume: Infinity }, /^quoteVolume/],
    ['an open above its high', { open: 13 }, /^open 13/],
    ['a close below its low', { close: 8 }, /close 8/],
    ['a mean outside of its prices', { vwap: 12.1 }, /^vwap/],
    ['no trade', { trades: 0 }, /^trades/],
    ['half a trade', { trades: 1.5 }, /^trades/],
    ['an origin without a processor', { origin: origin({ processor: '' }) }, /^origin/],
    ['an origin without a place', { origin: origin({ offset: -1 }) }, /^origin/],
  ])('with %s is not', (_what, change, reason) => expect(candleFault(candle(change))).toMatch(reason))
})

describe('an opportunity', () => {
  test('is believed as the processor writes it', () => {
    expect(opportunityFault(opportunity())).toBeUndefined()
    expect(opportunityFault(opportunity({ phase: 'CLOSE', life: life(), reason: 'ttl' }))).toBeUndefined()
    expect(opportunityFault(opportunity({ kind: 'UNKNOWN', edgeBps: -3, profit: -1 }))).toBeUndefined()
  })

  test.each([
    ['no id', { opportunityId: '' }, /^opportunityId/],
    ['no asset', { base: '' }, /^base/],
    ['no time', { at: micros(0) }, /^at/],
    ['no legs', { legs: [] }, /^legs/],
    ['a leg nowhere', { legs: [leg({ exchange: '' })] }, /^leg/],
    ['a leg in no symbol', { legs: [leg({ symbol: 'btc' })] }, /^leg/],
    ['a price that is no number', { legs: [leg({ price: Number.NaN })] }, /^price/],
    ['an infinite edge', { edgeBps: Infinity }, /^edgeBps/],
    ['no length of life', { ttlMs: 0 }, /^ttlMs/],
    ['no life at its close', { phase: 'CLOSE' }, /^life/],
    ['an opening after its close', { life: life({ openedAt: micros(MINUTE + 1) }) }, /^openedAt/],
    ['a peak that is no number', { life: life({ peakBps: Number.NaN }) }, /^peakBps/],
    ['half an update', { life: life({ updates: 0.5 }) }, /^updates/],
    ['an origin without a place', { origin: origin({ ordinal: -1 }) }, /^origin/],
  ] as const)('with %s is not', (_what, change, reason) =>
    expect(opportunityFault(opportunity(change))).toMatch(reason),
  )
})

describe('a match', () => {
  test('is believed as the engine writes it', () => {
    expect(matchFault(match())).toBeUndefined()
    expect(matchFault(match({ phase: 'RESOLVED', reason: 'renew', exchange: undefined, evidence: [] }))).toBeUndefined()
    expect(matchFault(match({ fields: { z: null, text: '', isFirst: false, n: -1e300 } }))).toBeUndefined()
  })

  test.each([
    ['no rule', { ruleId: '' }, /^ruleId/],
    ['no version', { ruleVersion: 0 }, /^ruleVersion/],
    ['half a version', { ruleVersion: 1.5 }, /^ruleVersion/],
    ['no type', { type: '' }, /^type/],
    ['no time', { at: micros(0) }, /^at/],
    ['a field that is no number', { fields: { a: 1, b: Number.NaN } }, /^b:/],
    ['an infinite input', { inputs: { m: Infinity } }, /^m:/],
    ['evidence without a place', { evidence: [evidence({ offset: -1 })] }, /^evidence/],
    ['evidence of no time', { evidence: [evidence(), evidence({ at: micros(0) })] }, /^evidence/],
    ['half a held back one', { suppressed: 0.5 }, /^suppressed/],
    ['an origin without a place', { origin: origin({ offset: -1 }) }, /^origin/],
  ] as const)('with %s is not', (_what, change, reason) => expect(matchFault(match(change))).toMatch(reason))
})
