import { describe, expect, test } from 'vitest'
import { inspectRecording } from '../../cli/inspect-recording.ts'
import { CAPTURES, countedSessions, hasCaptures } from '../support/captures.ts'

describe.skipIf(!hasCaptures)('recorded sessions (skipped where ../shared/captures is absent)', () => {
  test.each(['BINANCE-2021-08-14', 'BINANCE-2021-10-12'])(
    'decodes %s to exactly what was counted by others',
    async (name) => {
      const counted = countedSessions()[name]
      const { sessions } = await inspectRecording(`${CAPTURES}/${name}`)
      const found = sessions[name]
      const symbols = Object.values(found?.symbols ?? {})
      const bySymbol = (kind: 'trades' | 'quotes') =>
        Object.fromEntries(symbols.filter((one) => one[kind] > 0).map((one) => [one.nativeSymbol, one[kind]]))
      expect(bySymbol('trades')).toEqual(counted?.symbols.trade)
      expect(bySymbol('quotes')).toEqual(counted?.symbols.bbo)
      expect(found).toMatchObject({
        frames: counted?.framesReceived,
        trades: counted?.frames['trade'],
        quotes: counted?.frames['bbo'],
        ignored: { depth: counted?.frames['book'], kline: counted?.frames['candle'] },
        faults: 0,
      })
    },
  )

  test('names symbols as the exchange’s own list on record does', async () => {
    const { sessions } = await inspectRecording(`${CAPTURES}/BINANCE-2021-08-14`)
    expect(Object.keys(sessions['BINANCE-2021-08-14']?.symbols ?? {})).toEqual([
      'BADGER-BTC',
      'FTM-USDT',
      'SXP-BTC',
      'XMR-BTC',
    ])
  })

  test('says of other dialects that no adapter speaks them, not that they are faulty', async () => {
    const { sessions, withoutAdapter } = await inspectRecording(CAPTURES)
    expect(Object.keys(sessions)).toEqual(['BINANCE-2021-08-14', 'BINANCE-2021-10-12'])
    expect(Object.keys(withoutAdapter)).toEqual(
      Object.keys(countedSessions()).filter((name) => sessions[name] === undefined),
    )
    expect(withoutAdapter['KRAKEN-2021-04-17']).toEqual(['wss://ws.kraken.com'])
  })
})
