/** Sums of doubles against sums of decimals: as far apart as this share of them they may be. */
const TOLERANCE = '1e-12'

const EXACT = ['open', 'high', 'low', 'close', 'trades'] as const
const SUMS = ['volume', 'quote_volume'] as const

/** One row per column that differs, or one, `row`, where one side is missing: what stands (a), what should (b). */
const differences = (a: string, b: string): string => `
  cross join lateral (
    select 'row' as what, case when ${a}.symbol is null then null else 'there' end as stands,
           case when ${b}.symbol is null then null else 'there' end as recomputed
     where ${a}.symbol is null or ${b}.symbol is null
    union all
    select what, x::text, y::text from (values
      ${EXACT.map((name) => `('${name}', ${a}.${name}::numeric, ${b}.${name}::numeric, 0)`).join(',\n      ')},
      ${SUMS.map((name) => `('${name}', ${a}.${name}, ${b}.${name}, ${TOLERANCE})`).join(',\n      ')}
    ) v (what, x, y, tolerance)
     where ${a}.symbol is not null and ${b}.symbol is not null and abs(x - y) > tolerance * greatest(abs(x), abs(y))
  ) d`

/**
 * Compares a stretch of whole minutes, `$1` to `$2`: `trade_minutes` with a recomputation from the trades, `candles_1m` with
 * `trade_minutes`. Answers counts and the first `$3` differences; all by one snapshot, so it may run beside the sinks.
 *
 * A candle holds the trades that stand on the log before the tick that closed it (`origin_offset`). Minutes with a trade after
 * that are counted `late` and not compared. Candles are compared once the ticks sink has passed that tick. A minute without a candle
 * is wrong if another candle of its partition tells that it was closed after its first trade; where none does, nothing can be
 * said: `unjudged`, if it is older than the newest candle.
 */
export const COMPARISON = `
with recomputed as materialized (
  select exchange, symbol, date_trunc('minute', event_time, 'UTC') as minute,
         (array_agg(price order by event_time, log_offset))[1] as open, max(price) as high, min(price) as low,
         (array_agg(price order by event_time, log_offset))[count(*)] as close,
         sum(size) as volume, sum(price * size) as quote_volume, count(*) as trades,
         min(partition) as part, min(log_offset) as first_offset, max(log_offset) as last_offset
    from public.trades
   where event_time >= $1 and event_time < $2
   group by 1, 2, 3
),
minutes as materialized (
  select * from public.trade_minutes where minute >= $1 and minute < $2
),
passed as (
  select partition, max(next_offset) as next from public.sink_positions where consumer = 'sink-ticks' group by 1
),
candles as materialized (
  select c.*, open_time as minute
    from public.candles_1m c join passed p on p.partition = c.origin_part and c.origin_offset < p.next
   where open_time >= $1 and open_time < $2
),
closings as (
  select origin_part as part, minute, max(origin_offset) as closed_at from candles group by 1, 2
),
expected as (
  select exchange, symbol, minute, open, high, low, close, volume, quote_volume, trades from minutes
  union all
  select '*', symbol, minute, (array_agg(open order by open_time, open_offset))[1], max(high), min(low),
         (array_agg(close order by close_time desc, close_offset desc))[1], sum(volume), sum(quote_volume), sum(trades)
    from minutes
   group by symbol, minute
),
offsets as (
  select exchange, symbol, minute, part, first_offset, last_offset from recomputed
  union all
  select '*', symbol, minute, min(part), min(first_offset), max(last_offset) from recomputed group by symbol, minute
),
placed as materialized (
  select coalesce(e.exchange, c.exchange) as exchange, coalesce(e.symbol, c.symbol) as symbol, coalesce(e.minute, c.minute) as minute,
         c.symbol is null as is_missing, o.last_offset >= c.origin_offset as is_late, k.closed_at > o.first_offset as is_due,
         k.closed_at is null and coalesce(e.minute, c.minute) < (select max(open_time) from public.candles_1m) as is_unknown
    from expected e
    full join candles c on c.exchange = e.exchange and c.symbol = e.symbol and c.minute = e.minute
    left join offsets o on o.exchange = coalesce(e.exchange, c.exchange) and o.symbol = coalesce(e.symbol, c.symbol)
                       and o.minute = coalesce(e.minute, c.minute)
    left join closings k on k.part = o.part and k.minute = o.minute
),
judged as (
  select exchange, symbol, minute from placed
   where case when is_missing then coalesce(is_due, false) else not coalesce(is_late, false) end
),
drift as materialized (
  select 'trade_minutes' as rollup, coalesce(m.exchange, r.exchange) as exchange, coalesce(m.symbol, r.symbol) as symbol,
         coalesce(m.minute, r.minute) as minute, d.*
    from minutes m
    full join recomputed r on r.exchange = m.exchange and r.symbol = m.symbol and r.minute = m.minute
    ${differences('m', 'r')}
  union all
  select 'candles_1m', j.exchange, j.symbol, j.minute, d.*
    from judged j
    left join candles c on c.exchange = j.exchange and c.symbol = j.symbol and c.minute = j.minute
    left join expected e on e.exchange = j.exchange and e.symbol = j.symbol and e.minute = j.minute
    ${differences('c', 'e')}
),
rows_of as (
  select rollup, count(distinct (exchange, symbol, minute)) as rows from drift group by 1
)
select (select count(*) from recomputed)::int as minutes,
       (select count(*) from judged)::int as candles,
       (select count(*) from placed where not is_missing and is_late)::int as late,
       (select count(*) from placed where is_missing and is_unknown)::int as unjudged,
       coalesce((select rows from rows_of where rollup = 'trade_minutes'), 0)::int as "minutesDrifted",
       coalesce((select rows from rows_of where rollup = 'candles_1m'), 0)::int as "candlesDrifted",
       coalesce((select json_agg(f) from (
         select rollup, exchange, symbol, to_char(minute at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') as minute, what, stands, recomputed
           from drift order by drift.minute, exchange, symbol, rollup desc, what limit $3) f), '[]') as drifts`
