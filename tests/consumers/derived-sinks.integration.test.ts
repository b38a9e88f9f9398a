import { sinkContract } from './sink-contract.ts'
import { candlesSink } from '../../consumers/candles-sink.ts'
import { opportunitiesSink } from '../../consumers/opportunities-sink.ts'
import { MICROS_PER_MINUTE, micros } from '../../core/time.ts'
import { candle, opportunity, origin } from '../support/derived.ts'
import { MINUTE } from '../support/logged.ts'

const nth = (n: number) => candle({ openTime: micros(MINUTE + n * MICROS_PER_MINUTE), origin: origin({ offset: n }) })

sinkContract({
  name: 'candles',
  sink: candlesSink,
  value: nth,
  // PostgreSQL's text holds no NUL.
  poison: (n) => ({ ...nth(n), exchange: '\u0000' }),
  unbelievable: (n) => ({ ...nth(n), low: 100 }),
  async stored(pool) {
    const { rows } = await pool.query<{ key: string }>(
      'select (extract(epoch from open_time) * 1000000)::bigint::text as key from candles_1m union all select symbol from candles_1s',
    )
    return rows.map(({ key }) => key)
  },
  keyOf: ({ openTime }) => String(openTime),
  tables: ['candles_1s', 'candles_1m', 'ingest.derived_origins'],
})

const opened = (n: number) => opportunity({ opportunityId: `x:0:${n}:0`, origin: origin({ offset: n, ordinal: 2 }) })

sinkContract({
  name: 'opportunities',
  sink: opportunitiesSink,
  value: opened,
  poison: (n) => ({ ...opened(n), base: '\u0000' }),
  unbelievable: (n) => ({ ...opened(n), legs: [] }),
  async stored(pool) {
    const { rows } = await pool.query<{ key: string }>(
      'select opportunity_id as key from opportunities join opportunity_records using (opportunity_id)',
    )
    return rows.map(({ key }) => key)
  },
  keyOf: ({ opportunityId }) => opportunityId,
  tables: ['opportunities', 'opportunity_records', 'ingest.derived_origins'],
})
