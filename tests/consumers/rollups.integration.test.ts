import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { runVerify } from '../../cli/verify.ts'
import { candlesSink } from '../../consumers/candles-sink.ts'
import { compareRollups, comparableDays, type Comparison } from '../../consumers/rollup-check.ts'
import { checkRollups, type NightlyDeps } from '../../consumers/rollup-nightly.ts'
import { ticksSink } from '../../consumers/ticks-sink.ts'
import { fold } from '../../core/processor.ts'
import type { Tick } from '../../core/tick.ts'
import { MICROS_PER_MINUTE, micros } from '../../core/time.ts'
import { openPool } from '../../io/postgres.ts'
import { MARKET } from '../processors/market/run.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { logged, MINUTE, ms } from '../support/logged.ts'
import { heartbeat, tick, trade } from '../support/ticks.ts'
import { TOPIC, jsonDecoder, logOf, play, recordOf, rigOf } from './rig.ts'

let own: TestDatabase
let database: ReturnType<typeof openPool>
const RANGE = { from: MINUTE, to: micros(MINUTE + 60 * MICROS_PER_MINUTE) }

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'rollups')
  database = openPool(own.url, 'ingest_rw', silentLog)
})
afterAll(async () => {
  await database.end()
  await own.drop()
})
const clear = () =>
  own.pool.query(
    `truncate ingest.offsets, ingest.origins, ingest.derived_origins, ingest.rollup_checks, trades, quotes, trade_minutes, latest_quotes, symbols,
              sessions, exchanges, gaps, candles_1s, candles_1m`,
  )
beforeEach(() => clear())

/** What the sinks make of a log: its trades and minutes, and the candles of the real processor. */
async function store(ticks: readonly Tick[]): Promise<void> {
  const log = logged(ticks)
  const values = log.map(({ value }, offset) => recordOf(offset, value))
  await play(rigOf(ticksSink(TOPIC, jsonDecoder()), database, logOf(values)).stage, values)
  const candles = fold(MARKET, log).outputs.flatMap(({ value, origin }) =>
    value.kind === 'candle' ? [{ ...value.candle, origin }] : [],
  )
  const records = candles.map((value, offset) => recordOf(offset, value))
  if (records.length > 0) await play(rigOf(candlesSink(TOPIC, jsonDecoder()), database, logOf(records)).stage, records)
}

/** A trade at an exchange's second of the range, received a moment after. */
const at = (second: number, price: number, size: number, change: Partial<Omit<Tick, 'payload'>> = {}): Tick =>
  tick(trade({ id: `${second} ${price} ${change.exchange ?? ''}`, price, size }), {
    eventTime: ms(second * 1000),
    receiveTime: ms(second * 1000 + 10),
    ...change,
  })
const until = (second: number): Tick => tick(heartbeat(), { exchange: 'kraken', receiveTime: ms(second * 1000) })

/** Two exchanges, two minutes; the second minute has a late trade at Binance. */
const LOG = [
  at(1, 10, 1),
  at(2, 12, 2, { exchange: 'okx' }),
  at(30, 9, 0.1),
  at(59, 11, 0.2),
  until(62),
  at(70, 20, 1),
  at(80, 21, 1, { exchange: 'okx' }),
  until(122),
  at(90, 30, 1, { receiveTime: ms(123_000) }),
  until(200),
]
const compare = () => compareRollups(database, RANGE, 100)
const named = ({ drifts }: Comparison) =>
  drifts.map(({ rollup, exchange, minute, what, stands, recomputed }) => [
    rollup,
    exchange,
    minute,
    what,
    stands,
    recomputed,
  ])
const change = (statement: string) => own.pool.query(statement)
const FIRST = '2026-11-20T10:15Z'
const SECOND = '2026-11-20T10:16Z'

describe('comparing roll-ups', () => {
  test('whatever comes, in whatever order, minutes are their trades and candles the minutes', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            exchange: fc.constantFrom('binance', 'okx', 'gate'),
            symbol: fc.constantFrom('BTC-USDT', 'BTC-USD'),
            second: fc.integer({ min: 0, max: 400 }),
            delay: fc.constantFrom(0, 0, 0, 1, 5, 90, 700),
            price: fc.integer({ min: 1, max: 99_999 }),
            size: fc.integer({ min: 1, max: 99_999 }),
            id: fc.integer({ min: 0, max: 60 }),
          }),
          { minLength: 20, maxLength: 120 },
        ),
        async (draws) => {
          await clear()
          const ticks = draws
            .map(({ exchange, symbol, id, second, delay, price, size }) =>
              tick(trade({ id: `${exchange} ${symbol} ${id}`, price: price / 100, size: size / 1000 }), {
                exchange,
                symbol,
                // A trade of one id has one time.
                eventTime: ms(id * 6000 + 1),
                receiveTime: ms((second + delay) * 1000),
              }),
            )
            .toSorted((a, b) => a.receiveTime - b.receiveTime)
          await store([...ticks, until(1200)])
          const found = await compareRollups(database, { ...RANGE, to: micros(MINUTE + 10 * MICROS_PER_MINUTE) }, 100)
          expect(named(found)).toEqual([])
          expect(found.minutes).toBeGreaterThan(0)
          compared += found.candles
        },
      ),
      { numRuns: 10 },
    )
    expect(compared).toBeGreaterThan(20)
  })

  test('counts what was compared, and leaves out candles with a trade that came after their close', async () => {
    await store(LOG)
    // Minutes: binance and okx twice. Candles: these and two across; of the second minute binance and the whole have the late trade.
    expect(await compare()).toEqual({
      minutes: 4,
      candles: 4,
      late: 2,
      unjudged: 0,
      minutesDrifted: 0,
      candlesDrifted: 0,
      drifts: [],
    })
  })

  test.each([
    ['open', '10', '10.01'],
    ['high', '11', '11.01'],
    ['low', '9', '8.99'],
    ['close', '11', '10.99'],
    ['trades', '3', '4'],
    // 10 x 1 + 9 x 0.1 + 11 x 0.2 = 13.1 for 1.3.
    ['volume', '1.3', '1.300000000003'],
    ['quote_volume', '13.1', '13.10000000003'],
  ])('names a minute whose %s is not that of its trades', async (what, right, wrong) => {
    await store(LOG)
    await change(`update trade_minutes set ${what} = ${wrong} where exchange = 'binance' and minute = '${FIRST}'`)
    const found = await compare()
    expect(named(found)).toContainEqual(['trade_minutes', 'binance', FIRST, what, wrong, right])
    expect(found.minutesDrifted).toBe(1)
    // The candle does not agree with such a minute either; nor does the one across, unless this exchange does not decide it.
    expect(named(found)).toContainEqual(['candles_1m', 'binance', FIRST, what, expect.stringContaining(right), wrong])
    expect(named(found).filter(([, , minute]) => minute !== FIRST)).toEqual([])
  })

  test('sums may differ by 1e-12 of them, as those of doubles do, and by no more', async () => {
    await store(LOG)
    await change(
      `update candles_1m set volume = 1.3 * (1 + 9e-13) where exchange = 'binance' and open_time = '${FIRST}'`,
    )
    expect(named(await compare())).toEqual([])
    await change(
      `update candles_1m set volume = 1.3 * (1 + 2e-12) where exchange = 'binance' and open_time = '${FIRST}'`,
    )
    expect((await compare()).candlesDrifted).toBe(1)
  })

  test('names a candle that is not its minute', async () => {
    await store(LOG)
    await change(`update candles_1m set high = 13 where exchange = '*' and open_time = '${FIRST}'`)
    const found = await compare()
    expect(named(found)).toEqual([['candles_1m', '*', FIRST, 'high', '13', '12']])
    expect(found).toMatchObject({ minutesDrifted: 0, candlesDrifted: 1 })
  })

  test('names minutes that are missing, or that no trade stands behind', async () => {
    await store(LOG)
    await change(`delete from trade_minutes where exchange = 'okx' and minute = '${SECOND}'`)
    await change(`update trade_minutes set exchange = 'gate' where exchange = 'okx' and minute = '${FIRST}'`)
    const rows = named(await compare()).filter(([rollup]) => rollup === 'trade_minutes')
    expect(rows).toEqual([
      ['trade_minutes', 'gate', FIRST, 'row', 'there', null],
      ['trade_minutes', 'okx', FIRST, 'row', null, 'there'],
      ['trade_minutes', 'okx', SECOND, 'row', null, 'there'],
    ])
  })

  test('names a candle that is missing where another one tells that it was closed, and says where none does', async () => {
    await store(LOG)
    await change(`delete from candles_1m where exchange = 'okx' and open_time = '${FIRST}'`)
    expect(named(await compare())).toEqual([['candles_1m', 'okx', FIRST, 'row', null, 'there']])
    await change(`delete from candles_1m where open_time = '${FIRST}'`)
    expect(await compare()).toMatchObject({ candlesDrifted: 0, unjudged: 3 })
    // Of the newest minutes nobody expects a candle yet.
    await change('truncate candles_1m')
    expect(await compare()).toMatchObject({ candlesDrifted: 0, unjudged: 0 })
  })

  test('a minute whose trades all came too late has no candle, and that is right', async () => {
    const late = at(20, 10, 1, { exchange: 'gate', receiveTime: ms(70_000) })
    await store([...LOG.slice(0, 5), late, until(200)])
    // The one across has it as a late trade; Gate has no candle.
    expect(await compare()).toMatchObject({ minutes: 3, candles: 2, late: 1, unjudged: 0, candlesDrifted: 0 })
  })

  test('a candle is compared once the ticks sink has stored what it was made of', async () => {
    await store(LOG)
    await change(`update candles_1m set high = 13 where open_time = '${FIRST}'`)
    await change("update ingest.offsets set next_offset = 4 where consumer = 'sink-ticks'")
    expect(await compare()).toMatchObject({ candles: 0, candlesDrifted: 0 })
    await change("update ingest.offsets set next_offset = 5 where consumer = 'sink-ticks'")
    expect((await compare()).candlesDrifted).toBe(3)
  })
})

describe('days', () => {
  test('are those whose trades are kept: minutes that have outlived them are not compared', async () => {
    await change("select ingest.add_partition('trades', '2026-11-20')")
    await store([at(1, 10, 1), at(2, 10, 1, { eventTime: ms(-86_400_000) })])
    const days = (await comparableDays(database)).map(({ from, to }) => [from - MINUTE, to - from])
    // 10:15 lies 36,900 s after midnight; the day before lies in DEFAULT.
    const [midnight, day] = [-36_900_000_000, 86_400_000_000]
    expect(days).toEqual([
      [midnight - day, day],
      [midnight, day],
    ])
  })
})

describe('crosstide verify rollups', () => {
  const verify = async (options: { readonly from?: string; readonly to?: string; readonly json?: boolean } = {}) => {
    const lines: string[] = []
    const code = await runVerify(
      {
        database,
        print: (line) => lines.push(line),
        bar: { show: () => undefined, clear: () => undefined },
        nowMs: RANGE.to / 1000,
      },
      { from: options.from, to: options.to, json: options.json ?? false, source: undefined },
    )
    return { code, text: lines.join('\n') }
  }

  test('exits 0 where nothing differs, 1 with the rows where something does', async () => {
    await store(LOG)
    const equal = await verify()
    expect(equal.code).toBe(0)
    expect(equal.text).toMatch(/^4 rows of trade_minutes .* 4 of candles_1m .* 2 candles with late trades/)
    expect(equal.text).toMatch(/no row differs$/)
    await change(`update trade_minutes set trades = 4 where exchange = 'okx' and minute = '${SECOND}'`)
    const drifted = await verify()
    expect(drifted.code).toBe(1)
    expect(drifted.text).toMatch(/trade_minutes\s+okx\s+BTC-USDT\s+2026-11-20T10:16Z\s+trades\s+4\s+1\n/)
    // The row and the candle of okx; the one across is left out for its late trade.
    expect(drifted.text).toMatch(/2 rows differ$/)
    expect(JSON.parse((await verify({ json: true })).text)).toMatchObject({
      minutesDrifted: 1,
      candlesDrifted: 1,
      late: 2,
    })
  })

  test('compares whole minutes of the range it is asked for', async () => {
    await store(LOG)
    await change(`update trade_minutes set trades = 4 where minute = '${SECOND}'`)
    expect((await verify({ to: '2026-11-20T10:16:30Z' })).code).toBe(0)
    expect((await verify({ from: '2026-11-20T10:16:30Z' })).code).toBe(1)
    expect((await verify({ from: '58m' })).code).toBe(0)
    await expect(verify({ from: 'yesterday' })).rejects.toMatchObject({ code: 'WRONG_USE' })
  })
})

describe('the nightly comparison', () => {
  const NIGHT = micros(MINUTE + 24 * 60 * MICROS_PER_MINUTE)
  const deps = (change_: Partial<NightlyDeps> = {}) => {
    const events: { readonly message: string; readonly details: Readonly<Record<string, string>> }[] = []
    const measured: Comparison[] = []
    const all: NightlyDeps = {
      database,
      log: silentLog,
      now: () => NIGHT,
      announce: (event) => void events.push(event),
      measured: (comparison) => void measured.push(comparison),
      breathe: () => Promise.resolve(true),
      ...change_,
    }
    return { events, measured, run: () => checkRollups(all) }
  }
  const checks = async () =>
    (await own.pool.query('select day::text, minutes::int, drifted::int from ingest.rollup_checks')).rows

  test('takes each day once, by one process of several, half an hour after it is over', async () => {
    await store(LOG)
    const early = deps({ now: () => micros(MINUTE + 14 * 60 * MICROS_PER_MINUTE) })
    // 10:15 and 14 hours: a quarter past midnight.
    expect(await early.run()).toBeUndefined()
    const rivals = [deps(), deps()]
    const days = await Promise.all(rivals.map((one) => one.run()))
    expect(days.filter((day) => day !== undefined)).toHaveLength(1)
    expect(rivals.flatMap(({ measured }) => measured)).toMatchObject([{ minutes: 4, candles: 4, minutesDrifted: 0 }])
    expect(await checks()).toEqual([{ day: '2026-11-20', minutes: 8, drifted: 0 }])
    expect(await deps().run()).toBeUndefined()
    expect(rivals.flatMap(({ events }) => events)).toEqual([])
  })

  test('tells the first difference of each minute, and its metric counts the rows', async () => {
    await store(LOG)
    await change("update trade_minutes set open = 1, trades = 9 where exchange = 'okx'")
    const { events, measured, run } = deps()
    await run()
    expect(events.map(({ message }) => message)).toEqual([
      expect.stringContaining('* BTC-USDT 2026-11-20T10:15Z: candles_1m.trades is 4, should be 12'),
      expect.stringContaining('okx BTC-USDT 2026-11-20T10:16Z: trade_minutes.open is 1, should be 21'),
    ])
    expect(measured).toMatchObject([{ minutesDrifted: 2, candlesDrifted: 3 }])
    expect(await checks()).toEqual([{ day: '2026-11-20', minutes: 8, drifted: 5 }])
  })

  test('leaves the day to others when its process stops, and to the next hour when it dies', async () => {
    await store(LOG)
    expect(await deps({ breathe: () => Promise.resolve(false) }).run()).toBeUndefined()
    expect(await checks()).toEqual([])
    await change("insert into ingest.rollup_checks (day, minutes, drifted) values ('2026-11-20', 0, -1)")
    expect(await deps().run()).toBeUndefined()
    await change("update ingest.rollup_checks set checked_at = now() - interval '61 minutes'")
    expect(await deps().run()).toBeDefined()
  })
})
