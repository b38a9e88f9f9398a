import { startApiRig, type ApiRig, type Mouth } from './api.ts'
import type { Access } from '../../api/access.ts'
import { CANDLES_OF_MINUTES } from './candles.ts'
import { quote, trade } from './ticks.ts'

const SYMBOLS = ['BTC-USD', 'ETH-USD'] as const
const EXCHANGES = ['coinbase', 'gate', 'kraken'] as const
export type PageExchange = (typeof EXCHANGES)[number]
/** Seconds of history before the start, a trade and a quote each, and minutes with a candle. */
export const HISTORY = { seconds: 50, minutes: 30 } as const

/** The API over a little history and three exchanges that beat, for tests of the page. */
export type PageRig = {
  readonly rig: ApiRig
  /** A new quote; the trade after it lies in the middle. */
  quote(exchange: PageExchange, symbol: (typeof SYMBOLS)[number], bid: number, ask: number): Promise<void>
  /** Ends the heartbeats of an exchange. */
  silence(exchange: PageExchange): void
  stop(): Promise<void>
}

const ROWS = `
insert into exchanges (exchange, configured, feed, state, session, last_heartbeat)
select e, true, 'SIMULATED', 'UP', 1, now() from unnest($1::text[]) e;`
const SYMBOL_ROWS = `
insert into symbols (exchange, symbol, base, quote, configured)
select e, s, split_part(s, '-', 1), 'USD', true from unnest($1::text[]) e, unnest($2::text[]) s`
const PARTITIONS = `
select ingest.add_partition(t, (now() at time zone 'UTC')::date + d) from unnest('{trades,quotes}'::text[]) t, generate_series(-1, 0) d`
const TRADES = `
insert into trades (exchange, symbol, trade_id, event_time, side, price, size, feed, receive_time, session, ordinal, sequence, partition, log_offset)
select e, 'BTC-USD', n::text, now() - n * interval '1 s', 'BUY', 1000 + n, 1, 'SIMULATED', now() - n * interval '1 s', 1, n, 0, 0, n
  from unnest($1::text[]) e, generate_series(1, $2) n`
const QUOTES = `
insert into quotes (exchange, symbol, event_time, bid, bid_size, ask, ask_size, source, feed, receive_time, session, ordinal, sequence, partition, log_offset)
select e, 'BTC-USD', now() - n * interval '1 s', 1000 + n, 1, 1001 + n, 1, 'STREAM', 'SIMULATED', now() - n * interval '1 s', 1, n, 0, 0, n
  from unnest($1::text[]) e, generate_series(1, $2) n`
const MINUTES = `
insert into trade_minutes (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades, open_time, open_offset, close_time, close_offset, receive_time)
select e, 'BTC-USD', date_trunc('minute', now()) - n * interval '1 min', 'SIMULATED', 2, 4, 1, 3, 8, 20, 5, now(), 1, now(), 1, now()
  from unnest($1::text[]) e, generate_series(1, $2) n`
/** Kraken was lost 20 min ago with both symbols and came back; Coinbase missed numbers that were filled. */
const GAPS = `
insert into gaps (exchange, symbol, from_time, to_time, reason, backfilled, feed, event_time, receive_time, session, ordinal, partition, log_offset)
select 'kraken', s, now() - interval '20 min', now() - interval '19 min', 'DISCONNECT', false, 'SIMULATED', now(), now(), 7, n, 0, n
  from unnest('{BTC-USD,ETH-USD}'::text[]) with ordinality as x (s, n)
union all
select 'kraken', null, now() - interval '30 min', now() - interval '19 min', 'START', false, 'SIMULATED', now(), now(), 7, 10 + p, p, p from generate_series(0, 1) p
union all
select 'coinbase', 'BTC-USD', now() - interval '5 min', now() - interval '4 min', 'SEQUENCE', true, 'SIMULATED', now(), now(), 8, 1, 0, 20
union all
select 'coinbase', 'ETH-USD', now() - interval '3 min', now() - interval '2 min', 'WITHDRAWN', false, 'SIMULATED', now(), now(), 8, 2, 0, 21
union all
select 'gate', 'BTC-USD', now() - interval '90 min', now() - interval '80 min', 'STALL', false, 'SIMULATED', now(), now(), 9, 1, 0, 22`

const EVENT = `
insert into system_events (service, instance, sequence, time, kind, exchange, message, details, log_offset)
values ('producers', 'a', 0, now() - interval '19 min', 'DISCONNECTED', 'kraken', 'closed with 1001', '{"reason":"closed"}', 0),
       ('producers', 'a', 1, now() - interval '19 min', 'CONNECTED', 'kraken', 'session opened', '{}', 1)`

export async function startPageRig(access?: Access): Promise<PageRig> {
  const rig = await startApiRig({
    ...(access === undefined ? {} : { access }),
    async before({ database: { pool } }) {
      await pool.query(PARTITIONS)
      await pool.query(ROWS, [EXCHANGES])
      await pool.query(SYMBOL_ROWS, [EXCHANGES, SYMBOLS])
      for (const text of [TRADES, QUOTES]) await pool.query(text, [EXCHANGES, HISTORY.seconds])
      await pool.query(MINUTES, [EXCHANGES, HISTORY.minutes])
      await pool.query(CANDLES_OF_MINUTES)
      await pool.query(GAPS)
      await pool.query(EVENT)
    },
  })
  const mouths = new Map<PageExchange, Mouth>(EXCHANGES.map((exchange) => [exchange, rig.mouth(exchange)]))
  const beat = async (): Promise<void> => {
    for (const mouth of mouths.values()) await mouth.beat()
  }
  const say: PageRig['quote'] = async (exchange, symbol, bid, ask) => {
    await mouths.get(exchange)?.say(symbol, quote({ bid, ask }))
    await mouths.get(exchange)?.say(symbol, trade({ price: (bid + ask) / 2 }))
  }
  await beat()
  const beats = setInterval(() => void beat(), 1000)
  for (const [rank, exchange] of EXCHANGES.entries())
    for (const symbol of SYMBOLS) await say(exchange, symbol, 1000 + rank, 1002 + rank)
  return {
    rig,
    quote: say,
    silence: (exchange) => void mouths.delete(exchange),
    async stop() {
      clearInterval(beats)
      await rig.stop()
    },
  }
}
