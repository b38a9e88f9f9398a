import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../../core/rules/events.ts'
import { expressionOf, fieldNames, fieldOf, fieldOfAny, fieldsOf } from '../../../core/rules/fields.ts'
import { micros } from '../../../core/time.ts'
import { frameOf, trade } from './expression/place.ts'
import type { BestEvent, QuoteEvent, RuleEvent, Stream } from '../../../core/rules/events.ts'

const { price: _price, size: _size, side: _side, id: _id, stream: _stream, ...common } = trade()
const quote = (fields: Partial<QuoteEvent> = {}): QuoteEvent => ({
  ...common,
  stream: 'quote',
  bid: 99,
  bidSize: 1,
  ask: 101,
  askSize: NaN,
  source: 'BOOK',
  ...fields,
})
const best: BestEvent = {
  ...common,
  stream: 'best',
  bid: 10,
  bidSize: 1,
  bidExchange: 'kraken',
  ask: 11,
  askSize: 2,
  askExchange: 'okx',
}
const EVENTS: Readonly<Record<Stream, RuleEvent>> = {
  trade: trade(),
  quote: quote(),
  best,
  candle: {
    ...common,
    stream: 'candle',
    interval: '1m',
    openTime: micros(1_700_000_000_000_000),
    open: 1,
    high: 4,
    low: 0.5,
    close: 2,
    volume: 10,
    vwap: 1.5,
    trades: 3,
    logReturn: 0.25,
  },
  opportunity: {
    ...common,
    stream: 'opportunity',
    opportunityId: 'o1',
    kind: 'triangular',
    phase: 'OPEN',
    buyExchange: 'kraken',
    sellExchange: undefined,
    grossBps: 12,
    edgeBps: 9,
    size: 2,
    profit: 5,
    durationMs: 40,
    peakBps: 10,
    reason: undefined,
  },
  spread: { ...common, stream: 'spread', pair: 'A~B', alpha: 1, beta: 2, z: 3, halfLife: 4, cointT: 5 },
  match: { ...common, stream: 'match', ruleId: 'r', type: 'PRICE_SPIKE', phase: 'FIRED', severity: 'info' },
  gap: { ...common, stream: 'gap', reason: 'START', from: 1, to: 2, backfilled: true },
}
/** Where a record stands: no names of the language. */
const PLACE = new Set(['stream', 'offset', 'at', 'feed'])

describe('fields', () => {
  test.each(STREAMS)('of a %s are those of the event, and what is derived', (stream) => {
    const derived = { trade: ['notional'], quote: ['mid', 'spreadBps'], best: ['mid', 'spreadBps'] }
    const own = Object.keys(EVENTS[stream]).filter((name) => !PLACE.has(name))
    const added = stream === 'trade' || stream === 'quote' || stream === 'best' ? derived[stream] : []
    expect(fieldNames([stream]).toSorted()).toEqual([...own, ...added].toSorted())
  })

  test.each(STREAMS)('of a %s read what stands in the event', (stream) => {
    const event = EVENTS[stream]
    const stands = Object.entries(event).filter(([name]) => !PLACE.has(name))
    expect(stands.map(([name]) => [name, fieldOf(stream, name)?.read(event)])).toEqual(stands)
  })

  test.each(STREAMS)('of a %s are absent in an event of another stream', (stream) => {
    const other = EVENTS[stream === 'trade' ? 'gap' : 'trade']
    const present = [...fieldsOf([stream]).values()].filter((field) => {
      const value = field.read(other)
      return field.type === 'string' || field.type === 'bool' ? value !== undefined : !Number.isNaN(value)
    })
    expect(present).toEqual([])
  })

  test('what is derived is computed as written', () => {
    expect(fieldOf('trade', 'notional')?.read(trade({ price: 0.1, size: 3 }))).toBe(0.1 * 3)
    expect(fieldOf('quote', 'mid')?.read(quote())).toBe(100)
    // 10⁴ · (101 − 99) / 100
    expect(fieldOf('quote', 'spreadBps')?.read(quote())).toBe(200)
    expect(fieldOf('best', 'mid')?.read(best)).toBe(10.5)
  })

  test('what is derived of an absent or too great value is absent', () => {
    expect(fieldOf('trade', 'notional')?.read(trade({ price: 1e200, size: 1e200 }))).toBeNaN()
    expect(fieldOf('quote', 'spreadBps')?.read(quote({ bid: 0, ask: 0 }))).toBeNaN()
    expect(fieldOf('quote', 'mid')?.read(quote({ bid: NaN }))).toBeNaN()
  })

  test.each(['constructor', '__proto__', 'toString', 'stream', 'offset', 'at', 'feed', 'Price'])(
    '%s is none',
    (name) => {
      expect(STREAMS.map((stream) => fieldOf(stream, name))).toEqual(STREAMS.map(() => undefined))
      expect(fieldOfAny(STREAMS, name)).toMatchObject({ code: 'E102' })
    },
  )
})

describe('fields of several streams', () => {
  test('read whichever the event is of, and are absent where that stream has none', () => {
    const fields = fieldsOf(['trade', 'quote', 'opportunity', 'gap'])
    const read = (name: string) =>
      [trade(), quote(), EVENTS.opportunity, EVENTS.gap, best].map((event) => fields.get(name)?.read(event))
    expect(read('symbol')).toEqual(['BTC-USDT', 'BTC-USDT', 'BTC-USDT', 'BTC-USDT', undefined])
    expect(read('size')).toEqual([0.5, NaN, 2, NaN, NaN])
    expect(read('mid')).toEqual([NaN, 100, NaN, NaN, NaN])
    expect(read('reason')).toEqual([undefined, undefined, undefined, 'START', undefined])
    expect(read('backfilled')).toEqual([undefined, undefined, undefined, true, undefined])
  })

  test('are all that at least one of them has, each once', () => {
    expect([...fieldsOf(['spread', 'match']).keys()].toSorted()).toEqual(fieldNames(['match', 'spread']).toSorted())
    expect(new Set(fieldNames(STREAMS)).size).toBe(fieldNames(STREAMS).length)
    expect(fieldsOf(STREAMS).size).toBe(fieldNames(STREAMS).length)
  })

  test('an expression reads the present event, with and without the frame', () => {
    for (const field of fieldsOf(STREAMS).values()) {
      const { read, ofEvent, type } = expressionOf(field)
      expect(type).toBe(field.type)
      for (const event of Object.values(EVENTS)) {
        expect(read(frameOf(event))).toEqual(field.read(event))
        expect(ofEvent?.(event)).toEqual(field.read(event))
      }
    }
  })
})

describe('an unknown name', () => {
  const message = (name: string, ...streams: readonly Stream[]) => {
    const found = fieldOfAny(streams, name)
    return 'message' in found ? found.message : ''
  }
  test('is answered by the one that was probably meant', () => {
    expect(message('pric', 'trade')).toBe(
      '`pric` is no field of the stream trade and no `let` name (did you mean `price`?)',
    )
    expect(message('pirce', 'trade')).toContain('`price`')
    expect(message('SYMBOL', 'trade')).toContain('`symbol`')
    expect(message('spreadbps', 'quote', 'best')).toContain('`spreadBps`')
    expect(message('qqqqqq', 'trade')).not.toContain('did you mean')
  })

  test('is answered by a `let` name where that was meant', () => {
    const found = fieldOfAny(['trade'], 'high12', ['high120', 'm'])
    expect('message' in found ? found.message : '').toContain('did you mean `high120`?')
  })

  test('is answered by the streams that know it', () => {
    expect(message('bid', 'trade')).toBe('`bid` is a field of quote, best, but this reads the stream trade')
    expect(message('z', 'trade', 'candle')).toBe('`z` is a field of spread, but this reads the streams trade, candle')
  })
})
