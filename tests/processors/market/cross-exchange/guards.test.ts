import { describe, expect, test } from 'vitest'
import { DEFAULT_ARBITRAGE } from '../../../../core/arbitrage/config.ts'
import { at, beat, brief, configured, edge, FREE, free, missing, quoted, rated, runCross, type Row } from './rig.ts'

const OTHER_SESSION = { session: at(-30_000) }
const beats = (...millis: readonly number[]): readonly Row[] =>
  millis.flatMap((when) => [beat(when, 'binance'), beat(when, 'kraken')])
const start = [configured(-1), ...beats(-1)]
/** Open since 200 with 20 bps. */
const opened = [...start, ...edge(0, 20), beat(200, 'gate')]
const kraken = (millis: number, change: Parameters<typeof quoted>[2], where = {}): Row =>
  quoted(millis, 'kraken', { bid: 10_020, ask: 20_000, ...change }, where)

describe('what ends an open opportunity', () => {
  test.each<readonly [string, readonly Row[], string]>([
    ['a session that says DOWN', [beat(300, 'kraken', { state: 'DOWN' })], 'CLOSE 300 20 down'],
    [
      'a session silent for 3 s, though quotes come',
      [...edge(1900, 20), ...edge(2900, 20), beat(3500, 'gate')],
      'CLOSE 2999 20 down',
    ],
    ['a gap of its session', [missing(300, 'kraken', { reason: 'STALL' })], 'CLOSE 300 20 gap'],
    [
      'a gap of its symbol',
      [missing(300, 'kraken', { reason: 'SEQUENCE' }, { symbol: 'BTC-USDT' })],
      'CLOSE 300 20 gap',
    ],
    ['a crossed quote', [kraken(300, { ask: 10_019 })], 'CLOSE 300 20 crossed'],
    ['a locked quote', [kraken(300, { ask: 10_020 })], 'CLOSE 300 20 crossed'],
    ['a size of 0', [kraken(300, { bidSize: 0 })], 'CLOSE 300 20 crossed'],
    ['heartbeats that stay away for 2 s', [beat(2500, 'gate')], 'CLOSE 2000 20 stale'],
    [
      'heartbeats of another session of its exchange only',
      [beat(900, 'kraken', {}, OTHER_SESSION), beat(900, 'binance'), beat(2500, 'gate')],
      'CLOSE 2000 20 stale',
    ],
    [
      'an exchange that is more than 500 ms later than usual',
      [kraken(700, {}, { eventTime: at(199) }), beat(800, 'gate')],
      'CLOSE 700 20 lag',
    ],
    [
      'legs that are more than 250 ms apart',
      [kraken(700, {}, { eventTime: at(449) }), beat(800, 'gate')],
      'CLOSE 700 20 lag',
    ],
    ['a size that is not given', [kraken(300, { bidSize: undefined })], 'CLOSE 300 20 depth'],
    // 20 bps of 10,000 x 0.04 are 0.80.
    ['a profit below the least', [kraken(300, { bidSize: 0.04 })], 'CLOSE 300 20 depth'],
    // A document has no time of its own: it takes place at T.
    ['a new epoch of the configuration', [configured(300, FREE, { epoch: 8 })], 'CLOSE 200 20 config'],
    ['a configuration that cannot be read', [configured(300, { openBps: 'x' }, { epoch: 8 })], 'CLOSE 200 20 config'],
  ])('%s', (_name, rows, expected) => {
    expect(brief(runCross(...opened, ...rows).written).filter((one) => one.startsWith('CLOSE'))).toEqual([expected])
  })

  test('a quote that is never renewed, though it is confirmed', () => {
    const seconds = Array.from({ length: 61 }, (_, index) => 900 + index * 1000)
    expect(brief(runCross(...opened, ...beats(...seconds)).written).at(-1)).toBe('CLOSE 60000 20 stale')
  })

  test.each<readonly [string, readonly Row[]]>([
    ['a gap of another session', [missing(300, 'kraken', {}, OTHER_SESSION)]],
    ['a gap of another symbol', [missing(300, 'kraken', {}, { symbol: 'BTC-EUR' })]],
    ['DOWN of another session', [beat(300, 'kraken', { state: 'DOWN' }, OTHER_SESSION)]],
    ['its configuration again', [configured(300)]],
    ['a lower epoch', [configured(300, { openBps: 'x' }, { epoch: 6 })]],
    ['500 ms and 250 ms of lag', [kraken(600, {}, { eventTime: at(350) })]],
    ['lag where the exchange gives no time', [kraken(1200, {}, { eventTime: at(199), timeSource: 'RECEIVED' })]],
    ['heartbeats in time', beats(1900, 3800, 5700)],
  ])('but not %s', (_name, rows) => {
    expect(brief(runCross(...opened, ...rows).written).filter((one) => !one.startsWith('UPDATE'))).toEqual([
      'OPEN 200 20',
    ])
  })
})

describe('what does not open', () => {
  const end = beat(900, 'gate')
  const flags = [kraken(-1, { bid: 9000, ask: 9000 })]
  test.each<readonly [string, readonly Row[]]>([
    ['without a configuration', [...beats(-1), ...edge(0, 20), end]],
    ['without a heartbeat of its session', [configured(-1), beat(-1, 'binance'), ...edge(0, 20), end]],
    ['on a flagged quote', [...start, ...flags, quoted(0, 'binance', { bid: 9000, ask: 10_000 }), end]],
    [
      'on a size that is not given',
      [...start, quoted(0, 'binance', { bid: 9000, ask: 10_000 }), kraken(0, { bidSize: undefined }), end],
    ],
    [
      'on an exchange whose costs nobody knows',
      [configured(-1, { ...FREE, exchanges: { binance: free() } }), ...beats(-1), ...edge(0, 20), end],
    ],
    [
      'between symbols of one exchange',
      [...start, quoted(0, 'kraken', { bid: 9000, ask: 10_000 }), kraken(0, {}, { symbol: 'BTC-USDT' }), end],
    ],
    [
      'between a coin and its perpetual',
      [...start, quoted(0, 'binance', { bid: 9000, ask: 10_000 }), kraken(0, {}, { symbol: 'BTC-USDT-PERP' }), end],
    ],
    [
      'between dollars of two kinds, one for one',
      [...start, quoted(0, 'binance', { bid: 9000, ask: 10_000 }), kraken(0, {}, { symbol: 'BTC-USD' }), end],
    ],
    [
      'below the least notional',
      [
        configured(-1, {
          ...FREE,
          exchanges: {
            ...FREE.exchanges,
            kraken: free({ symbols: { 'BTC-USDT': { lot: 0, minQty: 0, minNotional: 10_021 } } }),
          },
        }),
        ...beats(-1),
        ...edge(0, 20),
        end,
      ],
    ],
    [
      'below the least quantity',
      [
        configured(-1, {
          ...FREE,
          exchanges: {
            ...FREE.exchanges,
            binance: free({ symbols: { 'BTC-USDT': { lot: 0.6, minQty: 1, minNotional: 0 } } }),
          },
        }),
        ...beats(-1),
        ...edge(0, 20),
        end,
      ],
    ],
  ])('%s', (_name, rows) => {
    expect(runCross(...rows).written).toEqual([])
  })
})

test('an outlier, ten percent off the two others, opens nothing and ends what is open', () => {
  const three = [...start, beat(-1, 'coinbase')]
  const near = (millis: number): readonly Row[] => [
    quoted(millis, 'binance', { bid: 9990, ask: 10_000 }),
    quoted(millis, 'coinbase', { bid: 9990, ask: 10_005 }),
  ]
  const far = (millis: number): Row => kraken(millis, { bid: 11_000, ask: 11_001 })
  expect(runCross(...three, ...near(0), far(0), beat(900, 'gate')).written).toEqual([])
  const { written } = runCross(...three, ...near(0), kraken(0, { ask: 10_030 }), far(300))
  expect(brief(written.filter(({ legs }) => legs[0]?.exchange === 'binance'))).toEqual([
    'OPEN 200 20',
    'CLOSE 300 20 crossed',
  ])
})

describe('conversion', () => {
  // 10,000 USDT at 1 USDT = 1 USD, sold for 10,020 USD.
  const converted = (rate: readonly Row[]): readonly Row[] => [
    ...start,
    beat(-1, 'coinbase'),
    ...rate,
    quoted(0, 'binance', { bid: 9000, ask: 10_000 }),
    kraken(0, {}, { symbol: 'BTC-USD' }),
  ]
  const par = rated(-1, 'coinbase', { bid: 0.9999, ask: 1 })
  const late = beats(900, 1800, 2700, 3600)

  test('is at the unfavourable side, named in the record, in the numeraire', () => {
    const [opening] = runCross(
      ...converted([rated(-1, 'coinbase', { bid: 0.9985, ask: 1.0005 })]),
      beat(200, 'gate'),
    ).written
    // 10,000 x 1.0005 = 10,005; (10,020 - 10,005) / 10,005
    expect(opening?.edgeBps).toBeCloseTo((15 / 10_005) * 10_000, 9)
    expect(opening).toMatchObject({
      numeraire: 'USD',
      legs: [
        { side: 'BUY', rate: 1.0005 },
        { side: 'SELL', rate: 1 },
      ],
    })
  })

  test('bears the taker fee of the exchange that gave the rate, or of the symbol there', () => {
    const exchanges = {
      ...FREE.exchanges,
      coinbase: free({
        takerFeeBps: 60,
        symbols: { 'USDT-USD': { lot: 0, minQty: 0, minNotional: 0, takerFeeBps: 2 } },
      }),
    }
    const [first, second] = [exchanges, { ...exchanges, coinbase: free({ takerFeeBps: 60 }) }].map(
      (all) =>
        runCross(
          configured(-2, { ...FREE, exchanges: all, openBps: -100, closeBps: -100, minProfit: 0 }, { epoch: 9 }),
          ...converted([par]),
          beat(200, 'gate'),
        ).written,
    )
    expect(first?.[0]?.legs[0]?.rate).toBeCloseTo(1.0002, 12)
    // At 60 bps the edge is about -40: no profit, so that not even these thresholds open it.
    expect(second).toEqual([])
  })

  test.each<readonly [string, readonly Row[], string]>([
    ['a rate of a session that is down', [beat(300, 'coinbase', { state: 'DOWN' })], 'CLOSE 300 20 rate'],
    ['a rate of a silent session', late, 'CLOSE 2999 20 rate'],
    ['a rate that a gap withdrew', [missing(300, 'coinbase')], 'CLOSE 300 20 rate'],
    ['a crossed rate', [rated(300, 'coinbase', { bid: 1.01, ask: 1 })], 'CLOSE 300 20 rate'],
    ['a rate of an exchange without costs', [rated(300, 'gate', { bid: 1, ask: 1 })], 'CLOSE 300 20 rate'],
  ])('ends with %s', (_name, rows, expected) => {
    expect(brief(runCross(...converted([par]), beat(200, 'gate'), ...rows).written).at(-1)).toBe(expected)
  })

  test('ends when the rate is 60 s old', () => {
    const rows = Array.from({ length: 65 }, (_, index) => [
      ...beats(900 + index * 1000),
      beat(900 + index * 1000, 'coinbase'),
      quoted(950 + index * 1000, 'binance', { bid: 9000, ask: 10_000 }),
      kraken(950 + index * 1000, {}, { symbol: 'BTC-USD' }),
    ]).flat()
    expect(brief(runCross(...converted([par]), beat(200, 'gate'), ...rows).written).at(-1)).toBe('CLOSE 59999 20 rate')
  })

  test('without a rate is counted, for either direction', () => {
    const { written, tally } = runCross(...converted([]), beat(200, 'gate'))
    expect([written, tally.get('rate')]).toEqual([[], 2])
  })
})

test('a document that cannot be read is told each time it comes, and so is other content of the epoch in force', () => {
  const bad = configured(0, { openBps: 'x' }, { epoch: 8, hash: 'bad' })
  const { events } = runCross(configured(-1), configured(0, FREE, { hash: 'other' }), bad, bad)
  const found = events.flatMap((event) => (event.kind === 'finding' ? [event.finding] : []))
  expect(found.map(({ kind, details }) => [kind, details])).toEqual([
    ['CONTROL_REFUSED', { documentId: 'arbitrage', epoch: '7' }],
    ['CONTROL_REFUSED', { documentId: 'arbitrage', epoch: '8', '/openBps': 'is not a number from -10000 to 10000' }],
    ['CONTROL_REFUSED', { documentId: 'arbitrage', epoch: '8', '/openBps': 'is not a number from -10000 to 10000' }],
  ])
})

test('the thresholds of arbitrage.md are the defaults', () => {
  expect(DEFAULT_ARBITRAGE).toMatchObject({
    openBps: 8,
    closeBps: 3,
    minHoldMs: 200,
    updateBps: 1,
    updateSizePct: 20,
    updateEveryMs: 1000,
    ttlMs: 600_000,
    delaysMs: [50, 100, 250, 500],
    cap: 10_000,
    minProfit: 1,
    maxAgeMs: 2000,
    maxQuoteAgeMs: 60_000,
    maxLagMs: 500,
    maxSkewMs: 250,
    numeraire: 'USD',
  })
})
