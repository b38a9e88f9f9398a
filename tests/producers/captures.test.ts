import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inspectRecording } from '../../cli/inspect-recording.ts'

/** Recorded exchange traffic, read in place; it is no part of the repository. */
const CAPTURES = fileURLToPath(new URL('../../../shared/captures', import.meta.url))
const present = existsSync(`${CAPTURES}/counts.json`)

const counts = z.record(z.string(), z.number())
const session = z.object({
  framesReceived: z.number(),
  frames: z.record(z.string(), z.number()),
  symbols: z.object({ trade: counts.optional(), bbo: counts.optional() }),
})

describe.skipIf(!present)('recorded sessions (skipped where ../shared/captures is absent)', () => {
  const expected = () =>
    z.record(z.string(), session).parse(JSON.parse(readFileSync(`${CAPTURES}/counts.json`, 'utf8')))

  test.each(['BINANCE-2021-08-14', 'BINANCE-2021-10-12'])(
    'decodes %s to exactly what was counted by others',
    async (name) => {
      const counted = expected()[name]
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
    expect(Object.keys(withoutAdapter)).toEqual(Object.keys(expected()).filter((name) => sessions[name] === undefined))
    expect(withoutAdapter['KRAKEN-2021-04-17']).toEqual(['wss://ws.kraken.com'])
  })
})
