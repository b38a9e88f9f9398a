import { describe, expect, test } from 'vitest'
import type { Price } from '../../api/price.ts'
import { filterKey, matches, readRequest, type Filter } from '../../api/protocol.ts'
import { refusalOf } from '../../api/sockets.ts'
import { MOMENT } from '../support/ticks.ts'

const filter = (symbols?: readonly string[], exchanges?: readonly string[]): Filter => ({
  symbols: symbols && new Set(symbols),
  exchanges: exchanges && new Set(exchanges),
})
const price: Price = {
  exchange: 'kraken',
  symbol: 'BTC-USD',
  feed: 'LIVE',
  bid: 1,
  bidSize: 1,
  ask: 2,
  askSize: 1,
  last: 1,
  eventTime: MOMENT,
  receiveTime: MOMENT,
  state: 'up',
  ticks: 1,
  sequence: 1,
}

describe('client messages', () => {
  test('a subscription names symbols and exchanges in any case, or nothing for everything', () => {
    expect(readRequest('{"type":"subscribe_prices"}')).toEqual({ kind: 'subscribe', filter: filter() })
    expect(readRequest('{"type":"subscribe_prices","symbols":["btc-usd"],"exchanges":["Kraken"]}')).toEqual({
      kind: 'subscribe',
      filter: filter(['BTC-USD'], ['kraken']),
    })
    expect(readRequest('{"type":"unsubscribe_prices"}')).toEqual({ kind: 'unsubscribe' })
  })

  test('a subscription to signals names a kind, symbols in any case and a least edge, or nothing for all', () => {
    const nothing = { kind: undefined, symbols: undefined, minEdgeBps: undefined }
    expect(readRequest('{"type":"subscribe_signals"}')).toEqual({ kind: 'subscribe_signals', filter: nothing })
    expect(
      readRequest('{"type":"subscribe_signals","kind":"CROSS_EXCHANGE","symbols":["btc-usd"],"minEdgeBps":-2.5}'),
    ).toEqual({
      kind: 'subscribe_signals',
      filter: { kind: 'CROSS_EXCHANGE', symbols: new Set(['BTC-USD']), minEdgeBps: -2.5 },
    })
    expect(readRequest('{"type":"unsubscribe_signals"}')).toEqual({ kind: 'unsubscribe_signals' })
  })

  test('a subscription to alerts names symbols and exchanges in any case, rules and a least severity', () => {
    const nothing = { symbols: undefined, exchanges: undefined, ruleIds: undefined, minSeverity: undefined }
    expect(readRequest('{"type":"subscribe_alerts"}')).toEqual({ kind: 'subscribe_alerts', filter: nothing })
    expect(
      readRequest(
        '{"type":"subscribe_alerts","symbols":["btc-usd"],"exchanges":["Kraken"],"ruleIds":["price-spike"],"minSeverity":"warning"}',
      ),
    ).toEqual({
      kind: 'subscribe_alerts',
      filter: {
        symbols: new Set(['BTC-USD']),
        exchanges: new Set(['kraken']),
        ruleIds: new Set(['price-spike']),
        minSeverity: 'warning',
      },
    })
    expect(readRequest('{"type":"unsubscribe_alerts"}')).toEqual({ kind: 'unsubscribe_alerts' })
  })

  test.each([
    ['', 'BAD_JSON', 'not JSON'],
    ['{"type":', 'BAD_JSON', 'not JSON'],
    ['null', 'BAD_MESSAGE', '(message)'],
    ['[]', 'BAD_MESSAGE', '(message)'],
    ['{"type":"subscribe_books"}', 'BAD_MESSAGE', 'type'],
    ['{"type":"subscribe_prices","symbol":["BTC-USD"]}', 'BAD_MESSAGE', 'symbol: unknown'],
    ['{"type":"subscribe_prices","symbols":"BTC-USD"}', 'BAD_MESSAGE', 'symbols'],
    ['{"type":"subscribe_prices","symbols":[]}', 'BAD_MESSAGE', 'symbols'],
    ['{"type":"subscribe_prices","symbols":["BTC-USD",7]}', 'BAD_MESSAGE', 'symbols.1'],
    [`{"type":"subscribe_prices","exchanges":["' or 1=1 --"]}`, 'BAD_MESSAGE', 'exchanges.0'],
    ['{"type":"subscribe_signals","kind":"arbitrage"}', 'BAD_MESSAGE', 'kind'],
    ['{"type":"subscribe_signals","minEdgeBps":"8"}', 'BAD_MESSAGE', 'minEdgeBps'],
    ['{"type":"subscribe_signals","minEdgeBps":1e9}', 'BAD_MESSAGE', 'minEdgeBps'],
    ['{"type":"subscribe_signals","exchanges":["kraken"]}', 'BAD_MESSAGE', 'exchanges: unknown'],
    ['{"type":"subscribe_alerts","minSeverity":"high"}', 'BAD_MESSAGE', 'minSeverity'],
    ['{"type":"subscribe_alerts","ruleIds":["Price Spike"]}', 'BAD_MESSAGE', 'ruleIds.0'],
    ['{"type":"auth"}', 'BAD_MESSAGE', 'key'],
    ['{"type":"auth","key":""}', 'BAD_MESSAGE', 'key'],
    ['{"type":"unsubscribe_prices","symbols":["BTC-USD"]}', 'BAD_MESSAGE', 'symbols: unknown'],
    [JSON.stringify({ type: 'subscribe_prices', symbols: Array(101).fill('A-B') }), 'BAD_MESSAGE', 'symbols'],
  ])('%j is refused naming what is wrong', (text, code, named) => {
    expect(readRequest(text)).toMatchObject({ kind: 'refused', code, message: expect.stringContaining(named) })
  })
})

describe('filters', () => {
  test.each([
    [filter(), true],
    [filter(['BTC-USD']), true],
    [filter(['ETH-USD']), false],
    [filter(undefined, ['kraken', 'binance']), true],
    [filter(['BTC-USD'], ['binance']), false],
  ])('let a price through if symbol and exchange are wanted: %#', (one, expected) => {
    expect(matches(one, price)).toBe(expected)
  })

  test('have one key whatever the order of their names, and different keys if they differ', () => {
    expect(filterKey(filter(['A-B', 'C-D']))).toBe(filterKey(filter(['C-D', 'A-B'])))
    const keys = [filter(), filter(['kraken']), filter(undefined, ['kraken']), filter(['A', 'B']), filter(['A'], ['B'])]
    expect(new Set(keys.map(filterKey)).size).toBe(keys.length)
  })
})

describe('the door', () => {
  test.each([
    [{ url: '/ws', headers: {} }, 0, undefined],
    [{ url: '/ws', headers: { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' } }, 0, undefined],
    [{ url: '/ws', headers: { origin: 'http://localhost:9000', host: 'localhost:9000' } }, 0, undefined],
    [{ url: '/ws', headers: { origin: 'http://127.0.0.1:9999', host: '127.0.0.1:8080' } }, 0, 403],
    [{ url: '/ws', headers: { origin: 'https://evil.example', host: '127.0.0.1:8080' } }, 0, 403],
    // DNS rebinding: the foreign name points here, so Origin and Host agree.
    [{ url: '/ws', headers: { origin: 'http://evil.example:8080', host: 'evil.example:8080' } }, 0, 403],
    [{ url: '/ws', headers: { origin: 'null', host: '127.0.0.1:8080' } }, 0, 403],
    [{ url: '/other', headers: {} }, 0, 404],
    [{ url: '/ws', headers: {} }, 1000, 503],
  ])('%j with %d clients inside', (request, clients, status) => {
    expect(refusalOf(request, clients)?.[0]).toBe(status)
  })

  const access = { host: '0.0.0.0', keys: [{ name: 'a', hash: '0'.repeat(64) }], origins: [] }
  test.each([
    ['without a key, to show it first', { url: '/ws', headers: {} }, 0, undefined],
    ['without a key, behind a crowd of others without one', { url: '/ws', headers: {} }, 100, 503],
    ['with a wrong key', { url: '/ws', headers: { authorization: `Bearer ${'x'.repeat(16)}` } }, 0, 401],
    // A name that was made to point here brings no key: keys are in no cookie.
    [
      'from the page under any name',
      { url: '/ws', headers: { origin: 'http://a.example', host: 'a.example' } },
      0,
      undefined,
    ],
    ['from another page', { url: '/ws', headers: { origin: 'http://b.example', host: 'a.example' } }, 0, 403],
  ])('with keys, %s', (_, request, strangers, status) => {
    expect(refusalOf(request, strangers, access, strangers)?.[0]).toBe(status)
  })
})
