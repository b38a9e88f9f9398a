import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { CAPTURES, countedEntries, hasCaptures, repeatsIn } from '../support/captures.ts'
import { startPipeline } from '../support/pipeline.ts'

type Played = {
  readonly sessions: readonly string[]
  /** The exchange's own symbol as ours, without the hyphen. */
  readonly spelled: (nativeSymbol: string) => string
  /** Why a symbol that was counted is not emitted. */
  readonly leftOut?: RegExp
  /** Quotes that say what the last one said; not emitted where the exchange numbers none. */
  readonly repeats?: () => Readonly<Record<string, number>>
}

/**
 * Of these recordings all that was counted is emitted but what is named here: no quote is crossed or one-sided. Trades sent at
 * subscribe are counted apart (`trade_snap`); they are history.
 */
const PLAYED: Readonly<Record<string, Played>> = {
  binance: { sessions: ['BINANCE-2021-08-14', 'BINANCE-2021-10-12'], spelled: (symbol) => symbol },
  coinbase: { sessions: ['COINBASE-2021-04-17'], spelled: (symbol) => symbol.replace('-', '') },
  kraken: {
    sessions: ['KRAKEN-2021-04-17'],
    spelled: (symbol) => symbol.replace('/', '').replace('XBT', 'BTC'),
  },
  okx: {
    sessions: ['OKX-2022-05-13'],
    spelled: (symbol) => symbol.replace('-', ''),
    // Futures and inverse swaps: contracts whose unit the schema does not name.
    leftOut: /-SWAP$|-\d{6}$/,
    repeats: () =>
      repeatsIn(
        'OKX-2022-05-13',
        'OKX.ws.1.0.gz',
        /"instId":"(?<symbol>[^"]+)","last":.*"askPx":"(.+?)","askSz":"(.+?)","bidPx":"(.+?)","bidSz":"(.+?)"/,
      ),
  },
  gate: {
    sessions: ['GATEIO-2021-04-22'],
    spelled: (symbol) => symbol.replace('_', ''),
    repeats: () =>
      repeatsIn(
        'GATEIO-2021-04-22',
        'GATEIO.ws.1.0.gz',
        /"currency_pair":"(?<symbol>[^"]+)","last":.*"lowest_ask":"(.+?)","highest_bid":"(.+?)"/,
      ),
  },
}
const TABLES = [
  ['quotes', 'bbo'],
  ['trades', 'trade'],
] as const

/** By symbol where that was counted, else in all. */
function wanted({ sessions, spelled, leftOut, repeats }: Played, kind: 'trade' | 'bbo') {
  const { all, symbols } = countedEntries(sessions, kind)
  if (symbols === undefined) return all
  const repeated = kind === 'bbo' ? (repeats?.() ?? {}) : {}
  return Object.fromEntries(
    Object.entries(symbols)
      .filter(([symbol]) => leftOut?.test(symbol) !== true)
      .map(([symbol, count]) => [spelled(symbol), count - (repeated[symbol] ?? 0)]),
  )
}

test.skipIf(!hasCaptures)(
  'every recorded session that an adapter speaks ends up in PostgreSQL, exactly its trades and quotes (skipped where ../shared/captures is absent)',
  { timeout: 180_000 },
  async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'crosstide-recording-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    // The symbols that are played are the recordings'; the configuration names which exchanges run.
    const exchanges = Object.fromEntries(Object.keys(PLAYED).map((exchange) => [exchange, { symbols: ['BTC-USDT'] }]))
    const config = join(folder, 'config.json')
    writeFileSync(config, JSON.stringify({ exchanges }))
    await using pipeline = await startPipeline({ CROSSTIDE_CONFIG: config }, [
      '--recording',
      CAPTURES,
      '--speed',
      'max',
    ])
    const endpoints = await pipeline.endpoints()
    expect(endpoints.source).toBe('recorded')
    const pool = new Pool({ connectionString: endpoints.database, max: 1 })
    const stored = async (table: 'trades' | 'quotes', kind: 'trade' | 'bbo') => {
      const { rows } = await pool.query<{ exchange: string; symbol: string; count: number }>(
        `select exchange, replace(symbol, '-', '') as symbol, count(*)::int as count from ${table} where feed = 'RECORDED' group by 1, 2`,
      )
      return Object.fromEntries(
        [...Map.groupBy(rows, ({ exchange }) => exchange)].map(([exchange, own]) => {
          const inAll = typeof wanted(PLAYED[exchange] ?? { sessions: [], spelled: String }, kind) === 'number'
          const symbols = Object.fromEntries(own.map(({ symbol, count }) => [symbol, count]))
          return [exchange, inAll ? own.reduce((sum, { count }) => sum + count, 0) : symbols]
        }),
      )
    }
    try {
      for (const [table, kind] of TABLES) {
        await expect
          .poll(() => stored(table, kind), { timeout: 60_000, interval: 500 })
          .toEqual(Object.fromEntries(Object.entries(PLAYED).map(([exchange, one]) => [exchange, wanted(one, kind)])))
      }
      const { rows: sized } = await pool.query<{ exchange: string }>(
        'select distinct exchange from quotes where bid_size is not null and ask_size is not null order by 1',
      )
      // The tickers of Coinbase and Gate had no sizes in 2021.
      expect(sized.map(({ exchange }) => exchange)).toEqual(['binance', 'kraken', 'okx'])
    } finally {
      await pool.end()
    }
  },
)
