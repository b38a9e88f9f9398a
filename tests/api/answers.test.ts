import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCursor, writeCursor } from '../../api/cursor.ts'
import { exchangeLags, stageLatencies } from '../../api/figures.ts'
import { noQuery, parse, pricesQuery, symbolPath } from '../../api/parameters.ts'
import { decimalText, priceItem, spreadBps } from '../../api/price.ts'
import { HttpFailure, PROBLEMS, failureOf, problemOf } from '../../api/problem.ts'
import { createQuantiles } from '../../api/quantiles.ts'
import type { ServiceRow } from '../../api/queries/services.ts'
import { MOMENT } from '../support/ticks.ts'

const refusal = (run: () => unknown): HttpFailure | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof HttpFailure ? error : undefined
  }
}

describe('parameters', () => {
  test('defaults are filled in and names are put into their canonical case', () => {
    expect(parse(pricesQuery, {})).toEqual({ limit: 100 })
    expect(parse(pricesQuery, { symbol: 'btc-usdt', exchange: 'Binance', limit: '7' })).toEqual({
      symbol: 'BTC-USDT',
      exchange: 'binance',
      limit: 7,
    })
  })

  test.each([
    [pricesQuery, { simbol: 'BTC-USDT' }, 'simbol: unknown'],
    [pricesQuery, { limit: '0' }, 'limit'],
    [pricesQuery, { limit: '1001' }, 'limit'],
    [pricesQuery, { limit: '1e2' }, 'limit'],
    [pricesQuery, { limit: ['1', '2'] }, 'limit'],
    [pricesQuery, { symbol: "BTC-USDT' or '1'='1" }, 'symbol'],
    [pricesQuery, { exchange: 'a'.repeat(33) }, 'exchange'],
    [pricesQuery, { a: '1', b: '2' }, 'a: unknown; b: unknown'],
    [symbolPath, { symbol: '../etc/passwd' }, 'symbol'],
    [noQuery, { x: '' }, 'x: unknown'],
  ])('a bad one is refused by name: %#', (schema, input, named) => {
    const failure = refusal(() => parse(schema, input))
    expect(failure).toMatchObject({ code: 'BAD_PARAMETER' })
    expect(failure?.detail).toContain(named)
  })

  test('a cursor reads back; anything else is no cursor', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), fc.string({ maxLength: 64 }), (symbol, exchange) => {
        fc.pre(symbol.isWellFormed() && exchange.isWellFormed())
        expect(readCursor(writeCursor({ symbol, exchange }))).toEqual({ symbol, exchange })
      }),
    )
    for (const text of [
      '',
      'abc',
      '%',
      Buffer.from('[1,2]').toString('base64url'),
      Buffer.from('["a"]').toString('base64url'),
    ])
      expect(refusal(() => readCursor(text))?.code).toBe('BAD_CURSOR')
  })
})

describe('problem documents', () => {
  test('say type, title, status, code, detail, where and for which request', () => {
    expect(problemOf(new HttpFailure('BAD_PARAMETER', 'limit: too big'), '/api/v1/prices', 'r-1')).toEqual({
      type: '/errors#BAD_PARAMETER',
      title: PROBLEMS.BAD_PARAMETER[1],
      status: 400,
      code: 'BAD_PARAMETER',
      detail: 'limit: too big',
      instance: '/api/v1/prices',
      requestId: 'r-1',
    })
  })

  test.each([
    [Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' }), 'QUERY_TIMEOUT'],
    [Object.assign(new Error('terminating connection'), { code: '57P01' }), 'DATABASE_UNAVAILABLE'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'DATABASE_UNAVAILABLE'],
    [new Error('timeout exceeded when trying to connect'), 'DATABASE_UNAVAILABLE'],
    [Object.assign(new Error('relation does not exist'), { code: '42P01' }), 'INTERNAL'],
    [Object.assign(new Error('request entity too large'), { status: 413 }), 'BODY_TOO_LARGE'],
    [new Error('password authentication failed for user "postgres"'), 'INTERNAL'],
    ['thrown text', 'INTERNAL'],
  ])('%s becomes a code of the table, without its words', (error, code) => {
    expect(failureOf(error)).toMatchObject({ code, detail: undefined })
  })
})

test('a body that is no JSON is told what is wrong with it, briefly', () => {
  const error = Object.assign(new SyntaxError(`Unexpected token ${'x'.repeat(1000)}`), { status: 400 })
  const { code, detail } = failureOf(error)
  expect(code).toBe('BAD_REQUEST')
  expect(detail).toBe(`the body is no JSON: Unexpected token ${'x'.repeat(183)}`)
})

describe('decimals', () => {
  // Expected texts from PostgreSQL: select 1e-7::float8::numeric, 1.5e21::float8::numeric, ...
  test.each([
    [1e-7, '0.0000001'],
    [1.25e-9, '0.00000000125'],
    [1.5e21, '1500000000000000000000'],
    [1.2345e22, '12345000000000000000000'],
    [64000.5, '64000.5'],
    [100, '100'],
    [-2.5e-8, '-0.000000025'],
  ])('%d is written %s', (value, text) => expect(decimalText(value)).toBe(text))

  test('every double reads back from its text, which has no exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300, max: 1e300 }), (value) => {
        const text = decimalText(value)
        expect(text).toMatch(/^\d+(\.\d+)?$/)
        expect(Number(text)).toBe(value)
      }),
    )
  })

  test('the spread is in hundredths of a percent of the middle', () => {
    expect(spreadBps(99.5, 100.5)).toBe(100)
    expect(spreadBps(100, 100)).toBe(0)
    expect(spreadBps(undefined, 100)).toBeUndefined()
  })

  test('an item has decimals as text and times with microseconds, absent fields left out', () => {
    const price = {
      exchange: 'kraken',
      symbol: 'BTC-USD',
      feed: 'SIMULATED',
      state: 'up',
      ticks: 3,
      sequence: 9,
    } as const
    const times = { eventTime: MOMENT, receiveTime: MOMENT }
    const item = priceItem({
      ...price,
      ...times,
      bid: 0.0000001,
      bidSize: undefined,
      ask: 2,
      askSize: 1,
      last: undefined,
    })
    expect(JSON.parse(JSON.stringify(item))).toEqual({
      exchange: 'kraken',
      symbol: 'BTC-USD',
      feed: 'SIMULATED',
      state: 'up',
      ticks: 3,
      bid: '0.0000001',
      ask: '2',
      askSize: '1',
      spreadBps: 19999.998,
      eventTime: '2026-11-20T10:15:30.123456Z',
      receiveTime: '2026-11-20T10:15:30.123456Z',
    })
  })
})

describe('latency figures', () => {
  const service = (figures: Readonly<Record<string, number>>): ServiceRow => ({
    service: 'x',
    instance: 'x/1/1',
    state: 'READY',
    version: '1',
    time: '',
    startedAt: '',
    ageMs: 0,
    eventLoopP99Ms: 1,
    residentBytes: 1,
    figures,
  })

  test('of several instances the slowest counts; a stage nobody reports is absent', () => {
    const services = [
      service({ frameToAckP50Ms: 3, frameToAckP99Ms: 9 }),
      service({ frameToAckP50Ms: 4, frameToAckP99Ms: 8, frameToRowP50Ms: 1 }),
    ]
    expect(stageLatencies(services)).toMatchObject([{ stage: 'frameToAck', p50Ms: 4, p99Ms: 9, instances: 2 }])
  })

  test('lags are listed by exchange', () => {
    const services = [
      service({ 'exchangeLagP50Ms.kraken': 20, 'exchangeLagP99Ms.kraken': 90, 'exchangeLagP50Ms.binance': 1 }),
    ]
    expect(exchangeLags(services)).toEqual([{ exchange: 'kraken', p50Ms: 20, p99Ms: 90, instances: 1 }])
  })

  test('quantiles are at most 2 % above the true ones and never below', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1 }), (durations) => {
        const quantiles = createQuantiles()
        for (const duration of durations) quantiles.add(duration)
        const sorted = durations.toSorted((a, b) => a - b)
        for (const share of [0.5, 0.99]) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
          expect(quantiles.at(share)).toBeGreaterThanOrEqual(exact * (1 - 1e-9))
          expect(quantiles.at(share)).toBeLessThanOrEqual(exact * 1.02 * (1 + 1e-9))
        }
      }),
    )
  })
})
