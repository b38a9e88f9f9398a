import fc from 'fast-check'
import type { Pool } from 'pg'
import { assertNever } from '../../core/assert.ts'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { MOMENT, gap, heartbeat, quote, tick, trade } from '../support/ticks.ts'

/** Columns as text, so that numbers and times compare exactly. */
export type Row = Readonly<Record<string, string | boolean | null>>

/** A random stretch of one partition: two exchanges, two symbols, two sessions each, repeated trade ids, late trades, gaps. */
export const arbitraryStretch: fc.Arbitrary<readonly Tick[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('trade', 'trade', 'trade', 'quote', 'quote', 'gap', 'heartbeat', 'rate'),
      exchange: fc.constantFrom('binance', 'kraken'),
      symbol: fc.constantFrom('BTC-USD', 'BTC-USDT'),
      session: fc.constantFrom(1, 2),
      // Few, so that trades repeat.
      id: fc.integer({ min: 0, max: 5 }),
      price: fc.integer({ min: 1, max: 1_000_000 }),
      size: fc.integer({ min: 1, max: 1_000_000 }),
      lateMs: fc.integer({ min: 0, max: 180_000 }),
      isAll: fc.boolean(),
      isUp: fc.boolean(),
      isDown: fc.constantFrom(true, false, false, false),
    }),
    { minLength: 1, maxLength: 150, size: 'max' },
  )
  .map((draws) =>
    draws.map((draw, ordinal): Tick => {
      const { exchange, symbol } = draw
      // A trade of one id has one time: its natural key holds both.
      const eventTime = micros(MOMENT + (draw.kind === 'trade' ? draw.id * 3_000_000 : ordinal * 1000 - draw.lateMs))
      const where = { exchange, symbol, session: micros(MOMENT + draw.session), ordinal, eventTime }
      const price = draw.price / 100
      switch (draw.kind) {
        case 'trade':
          return tick(trade({ id: `${exchange} ${symbol} ${draw.id}`, price, size: draw.size / 1000 }), where)
        case 'quote':
          return tick(quote({ bid: price, ask: price + 0.01, bidSize: draw.isAll ? undefined : 1 }), where)
        case 'gap':
          return tick(gap({ reason: draw.isUp ? 'WITHDRAWN' : 'STALL' }), {
            ...where,
            symbol: draw.isAll ? '' : symbol,
          })
        case 'heartbeat':
          return tick(heartbeat({ state: draw.isDown ? 'DOWN' : 'UP', lastSequence: draw.id }), {
            ...where,
            symbol: '',
            // A session's heartbeats come about as often more than 3 s apart as less.
            receiveTime: micros(MOMENT + ordinal * 100_000),
          })
        case 'rate':
          return tick({ kind: 'rate', bid: price, ask: price + 1 }, where)
        default:
          return assertNever(draw.kind)
      }
    }),
  )

/** What `latest_quotes` must say, computed from the stretch one tick after the other. */
export function expectedLatest(ticks: readonly Tick[]): readonly Row[] {
  const latest = new Map<string, { readonly tick: Tick; readonly offset: number; withdrawn: boolean }>()
  const beats = new Map<string, number>()
  for (const [offset, one] of ticks.entries()) {
    const { payload, exchange, symbol, session } = one
    if (payload.kind === 'quote') latest.set(`${exchange} ${symbol}`, { tick: one, offset, withdrawn: false })
    const before = beats.get(`${exchange} ${session}`) ?? one.receiveTime
    if (payload.kind === 'heartbeat') beats.set(`${exchange} ${session}`, one.receiveTime)
    const isEnd = payload.kind === 'heartbeat' && (payload.state === 'DOWN' || one.receiveTime > before + 3_000_000)
    if (payload.kind !== 'gap' && !isEnd) continue
    for (const held of latest.values()) {
      const isSame = held.tick.exchange === exchange && held.tick.session === session
      if (isSame && (symbol === '' || held.tick.symbol === symbol)) held.withdrawn = true
    }
  }
  return [...latest.values()]
    .map(({ tick: { exchange, symbol, payload }, offset, withdrawn }) => ({
      exchange,
      symbol,
      bid: payload.kind === 'quote' ? String(payload.bid) : '',
      log_offset: String(offset),
      withdrawn,
    }))
    .toSorted((a, b) => (`${a.exchange} ${a.symbol}` < `${b.exchange} ${b.symbol}` ? -1 : 1))
}

export const LATEST =
  'select exchange, symbol, bid::text, log_offset::text, withdrawn from latest_quotes order by exchange, symbol'

export const MINUTES = `
  select exchange, symbol, minute::text, feed, open::text, high::text, low::text, close::text, volume::text,
         quote_volume::text, trades::text, open_time::text, open_offset::text, close_time::text, close_offset::text, receive_time::text
    from trade_minutes order by 1, 2, 3`

/** The roll-up made anew from the trades. */
export const MINUTES_RECOMPUTED = `
  select exchange, symbol, date_trunc('minute', event_time)::text as minute, max(feed) as feed,
         (array_agg(price order by event_time, log_offset))[1]::text as open, max(price)::text as high, min(price)::text as low,
         (array_agg(price order by event_time desc, log_offset desc))[1]::text as close, sum(size)::text as volume,
         sum(price * size)::text as quote_volume, count(*)::text as trades, min(event_time)::text as open_time,
         (array_agg(log_offset order by event_time, log_offset))[1]::text as open_offset, max(event_time)::text as close_time,
         (array_agg(log_offset order by event_time desc, log_offset desc))[1]::text as close_offset,
         max(receive_time)::text as receive_time
    from trades group by 1, 2, 3 order by 1, 2, 3`

export const rowsOf = async (pool: Pool, query: string): Promise<readonly Row[]> => (await pool.query<Row>(query)).rows
