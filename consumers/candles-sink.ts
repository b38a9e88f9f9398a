import { INTERVAL_MICROS, type Candle } from '../core/candle.ts'
import { candleFault } from '../core/derived-check.ts'
import type { Derived, Origin } from '../core/processor.ts'
import { micros } from '../core/time.ts'
import type { Decoder } from '../io/registry.ts'
import { columnsOf, namesOf, unnested } from './columns.ts'
import { DEADLINE_MS, type Statement } from './database.ts'
import { SEEN, adoptOrigins, freshByOrigin, originColumns, recallOrigins, type OriginMemory } from './origin-memory.ts'
import { MOVED, moveValues, type Move } from './resume.ts'
import type { Entry, Sink } from './sink.ts'

const CONSUMER = 'sink-candles'

const { text, time, numeric, bigint, int } = columnsOf<Entry<Derived<Candle>>>()
const CANDLE = [
  text('exchange', ({ value }) => value.exchange),
  text('symbol', ({ value }) => value.symbol),
  time('open_time', ({ value }) => value.openTime),
  time('close_time', ({ value }) => micros(value.openTime + INTERVAL_MICROS[value.interval])),
  numeric('open', ({ value }) => value.open),
  numeric('high', ({ value }) => value.high),
  numeric('low', ({ value }) => value.low),
  numeric('close', ({ value }) => value.close),
  numeric('volume', ({ value }) => value.volume),
  numeric('quote_volume', ({ value }) => value.quoteVolume),
  numeric('vwap', ({ value }) => value.vwap),
  bigint('trades', ({ value }) => value.trades),
  text('feed', ({ value }) => value.feed),
  bigint('log_offset', ({ offset }) => offset),
  int('origin_part', ({ value }) => value.origin.partition),
  bigint('origin_offset', ({ value }) => value.origin.offset),
]
const COLUMNS = [...CANDLE, text('length', ({ value }) => value.interval)]

/** The first seven parameters are the move's, the next four the sieve's. */
const FIRST = 12

/** A candle is final: of two with one key the first on the log stays. */
const putInto = (table: string, interval: string): string => `
  insert into public.${table} (${namesOf(CANDLE)}, partition)
  select ${namesOf(CANDLE)}, part from candles where length = '${interval}'
  on conflict do nothing
  returning 1`

const TEXT = `
with ${MOVED},
${SEEN},
candles as (
  select u.*, moved.part from moved, ${unnested(COLUMNS, FIRST)}
),
put_seconds as (${putInto('candles_1s', '1s')}
),
put_minutes as (${putInto('candles_1m', '1m')}
)
select (select count(*)::int from moved) as moved,
       (select count(*)::int from put_seconds) + (select count(*)::int from put_minutes) as stored`

/** Candles to their tables, by (exchange, symbol, open time). */
export const candlesSink = (topic: string, decoder: Decoder<Derived<Candle>>): Sink<Derived<Candle>, OriginMemory> => ({
  consumer: CONSUMER,
  topic,
  decoder,
  faultOf: candleFault,
  recall: (database, slot) => recallOrigins(database, CONSUMER, slot),
  fresh: freshByOrigin,
  statement: (move, entries) => candlesStatement(move, entries, originsIn(entries)),
  adopt: adoptOrigins,
})

const originsIn = (entries: readonly Entry<Derived<Candle>>[]): readonly Origin[] =>
  entries.map(({ value }) => value.origin)

/** Rows, what the sieve has `seen` and the offset, together or not at all. */
export const candlesStatement = (
  move: Move,
  entries: readonly Entry<Derived<Candle>>[],
  seen: readonly Origin[],
): Statement => ({
  name: CONSUMER,
  text: TEXT,
  query_timeout: DEADLINE_MS,
  values: [...moveValues(move), ...originColumns(seen), ...COLUMNS.map(({ arrayOf }) => arrayOf(entries))],
})
