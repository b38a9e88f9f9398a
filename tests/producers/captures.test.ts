import { describe, expect, test } from 'vitest'
import { inspectRecording } from '../../cli/inspect-recording.ts'
import { readSessions } from '../../io/recording-files.ts'
import { decode } from '../../producers/adapter.ts'
import { parseRecording, playable } from '../../producers/recording.ts'
import { CAPTURES, countedSessions, hasCaptures } from '../support/captures.ts'

/** The sessions that an adapter decodes, and which of the channels counted by others each ignores. */
const DECODED: readonly (readonly [string, Readonly<Record<string, readonly string[]>>])[] = [
  ['BINANCE-2021-08-14', { depth: ['book'], kline: ['candle'] }],
  ['BINANCE-2021-10-12', { depth: ['book'], kline: ['candle'] }],
  ['COINBASE-2021-04-17', { level2: ['book', 'book_snap'] }],
  ['GATEIO-2021-04-22', { 'spot.order_book_update': ['book'], 'spot.candlesticks': ['candle'] }],
  ['KRAKEN-2021-04-17', { book: ['book', 'book_snap'] }],
  ['OKX-2022-05-13', { books: ['book', 'book_snap'] }],
]

/** What one frame's entries are in the words of those who counted. */
const channelOf = (kind: string, history: boolean): 'trade' | 'trade_snap' | 'bbo' => {
  if (kind !== 'trade') return 'bbo'
  return history ? 'trade_snap' : 'trade'
}

async function decoded(name: string) {
  const frames: Record<string, Record<string, number>> = {}
  const entries: Record<string, number> = {}
  const add = (counts: Record<string, number>, key: string): void => {
    counts[key] = (counts[key] ?? 0) + 1
  }
  for (const { files } of await readSessions(`${CAPTURES}/${name}`)) {
    const recording = parseRecording(
      name,
      files.map(({ text }) => text),
    )
    for (const { connection, adapter } of playable(recording)) {
      for (const { time, text } of connection.frames) {
        const one = decode(adapter, text, time)
        if (one.kind !== 'ticks') {
          if (one.kind !== 'ignored') add(entries, one.kind === 'fault' ? 'fault' : 'ctl')
          continue
        }
        const found = [
          ...one.ticks.map(({ nativeSymbol, history, payload }) => [nativeSymbol, channelOf(payload.kind, history)]),
          ...one.withdrawals.map(({ nativeSymbol }) => [nativeSymbol, 'bbo']),
        ] as const
        for (const [, channel = ''] of found) add(entries, channel)
        const [symbol = '', channel = ''] = found[0] ?? []
        add((frames[channel] ??= {}), symbol)
      }
    }
  }
  return { frames, entries }
}

describe.skipIf(!hasCaptures)('recorded sessions (skipped where ../shared/captures is absent)', () => {
  test.each(DECODED)(
    'decodes %s to exactly what was counted by others, by symbol and channel',
    async (name, ignored) => {
      const counted = countedSessions()[name]
      if (counted === undefined) throw new Error(`${name} was not counted`)
      const { frames, entries } = await decoded(name)
      expect(frames).toEqual(counted.symbols)
      const wanted = { ...counted.entries }
      for (const channel of Object.values(ignored).flat()) delete wanted[channel]
      expect(entries).toEqual(wanted)
    },
  )

  test.each(DECODED)('reports of %s what its frames hold', async (name, ignored) => {
    const counted = countedSessions()[name]
    if (counted === undefined) throw new Error(`${name} was not counted`)
    const { entries } = counted
    const { sessions } = await inspectRecording(`${CAPTURES}/${name}`)
    expect(sessions[name]).toMatchObject({
      frames: counted.framesReceived,
      trades: (entries['trade'] ?? 0) + (entries['trade_snap'] ?? 0),
      quotes: entries['bbo'],
      ignored: Object.fromEntries(
        Object.entries(ignored).map(([channel, names]) => [
          channel,
          names.reduce((sum, one) => sum + (counted.frames[one] ?? 0), 0),
        ]),
      ),
      faults: 0,
    })
  })

  test.each([
    ['BINANCE-2021-08-14', { 'BADGER-BTC': 'BADGERBTC', 'FTM-USDT': 'FTMUSDT' }],
    ['COINBASE-2021-04-17', { 'SKL-USD': 'SKL-USD' }],
    ['KRAKEN-2021-04-17', { 'ADA-BTC': 'ADA/XBT', 'BTC-CHF': 'XBT/CHF', 'XMR-USD': 'XMR/USD' }],
  ])('names symbols of %s as the exchange’s own list on record does', async (name, named) => {
    const { sessions } = await inspectRecording(`${CAPTURES}/${name}`)
    for (const [symbol, nativeSymbol] of Object.entries(named))
      expect(sessions[name]?.symbols[symbol]).toMatchObject({ nativeSymbol })
  })

  test('says of other dialects that no adapter speaks them, not that they are faulty', async () => {
    const { sessions, withoutAdapter } = await inspectRecording(CAPTURES)
    expect(Object.keys(sessions)).toEqual(DECODED.map(([name]) => name))
    expect(Object.keys(withoutAdapter)).toEqual(
      Object.keys(countedSessions()).filter((name) => sessions[name] === undefined),
    )
    expect(withoutAdapter['BITFINEX-2021-04-17']).toEqual(['wss://api.bitfinex.com/ws/2'])
  })
})
