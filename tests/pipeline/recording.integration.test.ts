import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { CAPTURES, countedSymbols, hasCaptures } from '../support/captures.ts'
import { startPipeline } from '../support/pipeline.ts'

test.skipIf(!hasCaptures)(
  'the recorded Binance sessions end up in PostgreSQL, exactly those trades and quotes (skipped where ../shared/captures is absent)',
  { timeout: 180_000 },
  async () => {
    await using pipeline = await startPipeline({}, ['--recording', CAPTURES, '--speed', 'max'])
    const endpoints = await pipeline.endpoints()
    expect(endpoints.source).toBe('recorded')
    const pool = new Pool({ connectionString: endpoints.database, max: 1 })
    const stored = async (table: 'trades' | 'quotes') => {
      const { rows } = await pool.query<{ symbol: string; count: number }>(
        `select replace(symbol, '-', '') as symbol, count(*)::int as count from ${table} where feed = 'RECORDED' group by 1`,
      )
      return Object.fromEntries(rows.map(({ symbol, count }) => [symbol, count]))
    }
    try {
      await expect
        .poll(() => stored('quotes'), { timeout: 60_000, interval: 500 })
        .toEqual(countedSymbols('BINANCE-', 'bbo'))
      await expect
        .poll(() => stored('trades'), { timeout: 10_000, interval: 500 })
        .toEqual(countedSymbols('BINANCE-', 'trade'))
    } finally {
      await pool.end()
    }
  },
)
