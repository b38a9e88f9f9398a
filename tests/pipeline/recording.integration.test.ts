import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { CAPTURES, countedEntries, hasCaptures } from '../support/captures.ts'
import { startPipeline } from '../support/pipeline.ts'

/**
 * The sessions of each exchange and how its own symbols are ours, without the hyphen. Of these recordings all that was counted
 * is emitted: no quote is crossed, one-sided or a repeat, and a trade sent at subscribe (`trade_snap`) is history.
 */
const PLAYED = {
  binance: { sessions: ['BINANCE-2021-08-14', 'BINANCE-2021-10-12'], spelled: (symbol: string) => symbol },
  coinbase: { sessions: ['COINBASE-2021-04-17'], spelled: (symbol: string) => symbol.replace('-', '') },
  kraken: {
    sessions: ['KRAKEN-2021-04-17'],
    spelled: (symbol: string) => symbol.replace('/', '').replace('XBT', 'BTC'),
  },
}

test.skipIf(!hasCaptures)(
  'every recorded session that an adapter speaks ends up in PostgreSQL, exactly its trades and quotes (skipped where ../shared/captures is absent)',
  { timeout: 180_000 },
  async () => {
    await using pipeline = await startPipeline({}, ['--recording', CAPTURES, '--speed', 'max'])
    const endpoints = await pipeline.endpoints()
    expect(endpoints.source).toBe('recorded')
    const pool = new Pool({ connectionString: endpoints.database, max: 1 })
    const stored = async (table: 'trades' | 'quotes') => {
      const { rows } = await pool.query<{ exchange: string; symbol: string; count: number }>(
        `select exchange, replace(symbol, '-', '') as symbol, count(*)::int as count from ${table} where feed = 'RECORDED' group by 1, 2`,
      )
      return rows
    }
    const totals = async (table: 'trades' | 'quotes') => {
      const sums: Record<string, number> = {}
      for (const { exchange, count } of await stored(table)) sums[exchange] = (sums[exchange] ?? 0) + count
      return sums
    }
    try {
      for (const [table, kind] of [
        ['quotes', 'bbo'],
        ['trades', 'trade'],
      ] as const) {
        const counted = Object.entries(PLAYED).map(
          ([exchange, { sessions, spelled }]) => [exchange, countedEntries(sessions, kind, spelled)] as const,
        )
        await expect
          .poll(() => totals(table), { timeout: 60_000, interval: 500 })
          .toEqual(Object.fromEntries(counted.map(([exchange, { all }]) => [exchange, all])))
        const rows = await stored(table)
        // Kraken's trade frames hold several, so others' counts of frames by symbol are not those of trades.
        const comparable = counted.flatMap(([exchange, { symbols }]) =>
          symbols === undefined ? [] : [{ exchange, symbols }],
        )
        const found = comparable.map(({ exchange }) => ({
          exchange,
          symbols: Object.fromEntries(
            rows.filter((row) => row.exchange === exchange).map(({ symbol, count }) => [symbol, count]),
          ),
        }))
        expect(found).toEqual(comparable)
      }
      const { rows: sized } = await pool.query<{ exchange: string }>(
        'select distinct exchange from quotes where bid_size is not null and ask_size is not null order by 1',
      )
      // Coinbase's tickers of 2021 had no sizes.
      expect(sized.map(({ exchange }) => exchange)).toEqual(['binance', 'kraken'])
    } finally {
      await pool.end()
    }
  },
)
