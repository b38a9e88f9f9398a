import { describe, expect, test } from 'vitest'
import { fold } from '../../core/processor.ts'
import { MARKET } from '../processors/market/run.ts'
import { drive } from './drive.ts'
import { ms } from './logged.ts'
import { quote, trade } from './ticks.ts'

describe('a driven processor', () => {
  test('is fed by hand, and writes when time has gone by', () => {
    const { pipe, advance, read, tally } = drive(MARKET)
    pipe(trade({ id: 'a', price: 10, size: 1 }))
    pipe(trade({ id: 'b', price: 12, size: 1 }), { exchange: 'kraken' })
    advance(2500)
    expect(read('candles')).toEqual([])
    advance(1000)
    expect(read('candles').flatMap((one) => (one.kind === 'candle' ? [one.candle] : []))).toMatchObject([
      { exchange: '*', interval: '1s', openTime: ms(0), open: 10, close: 12, trades: 2 },
      { exchange: 'binance', trades: 1 },
      { exchange: 'kraken', trades: 1 },
    ])
    expect(read('candles')).toEqual([])
    // Two trades and four heartbeats of two sessions.
    expect(tally.get('processed')).toBe(10)
  })

  test('does not see restarts and repeats, and tells of a quote that a new session does not renew', () => {
    const { pipe, advance, read, repeat, restart, reconnect, tally, log } = drive(MARKET)
    pipe(quote())
    reconnect('binance')
    pipe(trade({ id: 'a' }))
    advance(30_000)
    repeat(7)
    restart()
    advance(31_000)
    expect(tally.get('duplicate')).toBe(7)
    const system = read('system')
    expect(system).toMatchObject([{ kind: 'finding', finding: { kind: 'STALE', exchange: 'binance' } }])
    expect(fold(MARKET, log).outputs.flatMap(({ topic, value }) => (topic === 'system' ? [value] : []))).toEqual(system)
  })

  test('takes control documents', () => {
    const { control, tally, log } = drive(MARKET)
    control('arbitrage', 1, { openBps: 8 })
    expect(log.map(({ value }) => value.payload.kind)).toEqual(['control'])
    expect(tally.get('processed')).toBe(1)
  })
})
