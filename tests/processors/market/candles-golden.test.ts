import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Candle } from '../../../core/candle.ts'
import type { Tick } from '../../../core/tick.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, fromMillis, micros, type Micros } from '../../../core/time.ts'
import { decode, type Adapter } from '../../../producers/adapter.ts'
import { binance } from '../../../producers/binance.ts'
import { gate } from '../../../producers/gate.ts'
import { CAPTURES, hasCaptures } from '../../support/captures.ts'
import { heartbeat, tick, trade } from '../../support/ticks.ts'
import { runMarket } from './run.ts'

/**
 * Candles against those that the exchanges themselves sent in the same recording. A recording lasts 30 s and all of them are
 * candles of one minute, so the minute's whole candle is never there: what is compared are candles in progress, each with the
 * trades that it says, or proves, it is made of. Those whose first trade came before the recording do not qualify.
 */
type Frame = { readonly time: Micros; readonly text: string }
/** What an exchange said of a minute so far, and the ticks it is made of. What it did not say is `undefined`. */
type Golden = {
  readonly openTime: Micros
  readonly prices: readonly [open: number, high: number, low: number, close: number]
  readonly volume: number | undefined
  readonly quoteVolume: number
  readonly ticks: readonly Tick[]
}

function framesOf(name: string): readonly Frame[] {
  const files = readdirSync(`${CAPTURES}/${name}`).filter((file) => file.includes('.ws.'))
  return files.flatMap((file) =>
    gunzipSync(readFileSync(`${CAPTURES}/${name}/${file}`))
      .toString()
      .split('\n')
      .flatMap((line) => {
        const [, seconds, text] = /^(\d+\.\d+): (.*)$/.exec(line) ?? []
        return seconds === undefined || text === undefined ? [] : [{ time: fromMillis(Number(seconds) * 1000), text }]
      }),
  )
}

const documentsOf = <T extends z.ZodType>(frames: readonly Frame[], type: T) =>
  frames.flatMap(({ time, text }) => {
    const parsed = type.safeParse(JSON.parse(text))
    return parsed.success ? [{ time, value: parsed.data }] : []
  })

/** Trades as an adapter reads them. */
const tradesOf = (adapter: Adapter, frames: readonly Frame[]): readonly Tick[] =>
  frames.flatMap(({ time, text }) => {
    const decoded = decode(adapter, text, time)
    return decoded.kind !== 'ticks'
      ? []
      : decoded.ticks.flatMap(({ nativeSymbol, payload, eventTime }) =>
          payload.kind === 'trade'
            ? [tick(payload, { exchange: adapter.exchange, symbol: nativeSymbol, eventTime, receiveTime: time })]
            : [],
        )
  })

/** The candle that the processor makes of these trades alone; whatever the exchange calls the symbol. */
function candleOf({ ticks, openTime }: Golden): Candle | undefined {
  const end = micros(openTime + MICROS_PER_MINUTE + 2 * MICROS_PER_SECOND)
  return runMarket(
    ...ticks.map((one) => ({ ...one, symbol: 'BTC-USDT' })),
    tick(heartbeat(), { exchange: 'kraken', receiveTime: end }),
  )
    .outputs.flatMap(({ value }) => (value.kind === 'candle' ? [value.candle] : []))
    .find((one) => one.interval === '1m' && one.openTime === openTime && one.exchange !== '*')
}

/** Names of what the exchange says otherwise: prices and counts exactly; sums of doubles are not exactly those of decimals. */
function differences(golden: Golden): readonly string[] {
  const candle = candleOf(golden)
  if (candle === undefined) return ['candle']
  const [open, high, low, close] = golden.prices
  const { volume = candle.volume, quoteVolume } = golden
  const isNear = (sum: number, wanted: number): boolean => Math.abs(sum - wanted) <= 1e-12 * wanted
  const same = {
    open: candle.open === open,
    high: candle.high === high,
    low: candle.low === low,
    close: candle.close === close,
    trades: candle.trades === golden.ticks.length,
    volume: isNear(candle.volume, volume),
    quoteVolume: isNear(candle.quoteVolume, quoteVolume),
  }
  return Object.entries(same).flatMap(([name, isSame]) => (isSame ? [] : [name]))
}

const decimal = z.string().transform(Number)

/**
 * Binance names the first and last trade of a candle (`f`, `L`) and their number (`n`). A trade of ours is an aggTrade: fills `f` to `l` of
 * one order at one price. A candle qualifies if the aggTrades of the recording that lie within f to L hold all n fills.
 */
function binanceGoldens(name: string): readonly Golden[] {
  const frames = framesOf(name)
  const aggregates = documentsOf(
    frames,
    z.object({
      data: z.object({ e: z.literal('aggTrade'), s: z.string(), a: z.number(), f: z.number(), l: z.number() }),
    }),
  )
  // The futures' frames are the same, but for their quotes.
  const ticks = new Map(
    tradesOf(
      binance,
      frames.filter(({ text }) => text.includes('@aggTrade')),
    ).map((one) => [one.payload.kind === 'trade' ? `${one.symbol} ${one.payload.id}` : '', one]),
  )
  const kline = z.object({
    data: z.object({
      e: z.literal('kline'),
      s: z.string(),
      k: z.object({
        t: z.number(),
        i: z.literal('1m'),
        f: z.number(),
        L: z.number(),
        n: z.number(),
        o: decimal,
        h: decimal,
        l: decimal,
        c: decimal,
        v: decimal,
        q: decimal,
      }),
    }),
  })
  return documentsOf(frames, kline).flatMap(({ value: { data } }) => {
    const { s, k } = data
    const own = aggregates.map(({ value }) => value.data).filter((one) => one.s === s && one.f >= k.f && one.l <= k.L)
    const fills = own.reduce((sum, one) => sum + one.l - one.f + 1, 0)
    if (fills !== k.n || k.L - k.f + 1 !== k.n) return []
    const made = own.flatMap(({ a }) => ticks.get(`${s} ${a}`) ?? [])
    return [
      { openTime: fromMillis(k.t), prices: [k.o, k.h, k.l, k.c], volume: k.v, quoteVolume: k.q, ticks: made },
    ] satisfies Golden[]
  })
}

/**
 * Gate says neither ids nor a number nor, in 2021, a volume in the base asset (`v` is in the quote asset). A candle qualifies if an
 * earlier frame of the same minute says that nothing had been traded yet (v = 0): its trades are those that came in between.
 */
function gateGoldens(name: string): readonly Golden[] {
  const frames = framesOf(name)
  const candles = documentsOf(
    frames,
    z.object({
      channel: z.literal('spot.candlesticks'),
      result: z.object({ t: decimal, v: decimal, o: decimal, h: decimal, l: decimal, c: decimal, n: z.string() }),
    }),
  )
  const ticks = tradesOf(gate, frames)
  return candles.flatMap(({ time, value: { result } }) => {
    const empty = candles.find(
      ({ value }) => value.result.n === result.n && value.result.t === result.t && value.result.v === 0,
    )
    if (result.v === 0 || empty === undefined) return []
    const made = ticks.filter(
      (one) => `1m_${one.symbol}` === result.n && one.receiveTime > empty.time && one.receiveTime < time,
    )
    return [
      {
        openTime: micros(result.t * MICROS_PER_SECOND),
        prices: [result.o, result.h, result.l, result.c],
        volume: undefined,
        quoteVolume: result.v,
        ticks: made,
      },
    ] satisfies Golden[]
  })
}

/**
 * KuCoin opens a candle with its first trade and says so (`trade.candles.add`, then `update`). A candle qualifies if its `add` came within
 * the recording; its trades are those of the minute that came before its frame. There is no adapter: trades are read by hand.
 */
function kucoinGoldens(name: string): readonly Golden[] {
  const frames = framesOf(name)
  const matches = documentsOf(
    frames,
    z.object({
      subject: z.literal('trade.l3match'),
      data: z.object({
        symbol: z.string(),
        tradeId: z.string(),
        price: decimal,
        size: decimal,
        time: z.string().regex(/^\d{19}$/),
      }),
    }),
  )
  const ticks = matches.map(({ time, value: { data } }) =>
    tick(trade({ id: data.tradeId, price: data.price, size: data.size }), {
      exchange: 'kucoin',
      symbol: data.symbol,
      // Nanoseconds.
      eventTime: micros(Number(data.time.slice(0, 16))),
      receiveTime: time,
    }),
  )
  const text = z.string()
  const candles = documentsOf(
    frames,
    z.object({
      subject: z.enum(['trade.candles.add', 'trade.candles.update']),
      data: z.object({
        symbol: z.string(),
        candles: z.tuple([text, decimal, decimal, decimal, decimal, decimal, decimal]),
      }),
    }),
  )
  const begun = new Set(
    candles
      .filter(({ value }) => value.subject === 'trade.candles.add')
      .map(({ value: { data } }) => `${data.symbol} ${data.candles[0]}`),
  )
  return candles.flatMap(({ time, value: { data } }) => {
    const [start, open, close, high, low, volume, quoteVolume] = data.candles
    // Of a minute without a trade we have no candle.
    if (volume === 0 || !begun.has(`${data.symbol} ${start}`)) return []
    const openTime = micros(Number(start) * MICROS_PER_SECOND)
    const made = ticks.filter(
      ({ symbol, eventTime, receiveTime }) =>
        symbol === data.symbol &&
        eventTime >= openTime &&
        eventTime < openTime + MICROS_PER_MINUTE &&
        receiveTime < time,
    )
    return [{ openTime, prices: [open, high, low, close], volume, quoteVolume, ticks: made }] satisfies Golden[]
  })
}

describe.skipIf(!hasCaptures)('candles of the exchanges (skipped where ../shared/captures is absent)', () => {
  test.each([
    // FTM 38248915 to 917 and SXP 17567415; the first trades of all others came before the recording.
    ['BINANCE-2021-08-14', binanceGoldens, 2],
    ['BINANCE-2021-10-12', binanceGoldens, 1],
    // The minute 22:26: 5 of SUSHI, 9 of CTK, 1 of KEEP. Six others, both of AKRO among them, end within an aggTrade.
    ['BINANCE_FUTURES-2021-07-22', binanceGoldens, 15],
    // DIS, NEO, ZKS; FAST and NANO had been traded before.
    ['GATEIO-2021-04-22', gateGoldens, 3],
    // DAPPT twice, BCHSV in two minutes, FET.
    ['KUCOIN-2021-04-25', kucoinGoldens, 5],
  ] as const)('%s: what the exchange made of the same trades', (name, goldensOf, count) => {
    const goldens = goldensOf(name)
    expect(goldens.map(differences)).toEqual(goldens.map(() => []))
    expect(goldens).toHaveLength(count)
  })

  test('the comparison tells a candle that lacks a trade, or takes one in another order', () => {
    const golden = binanceGoldens('BINANCE_FUTURES-2021-07-22').find(({ ticks }) => ticks.length > 5)
    if (golden === undefined) throw new Error('no candle of so many trades')
    expect(differences(golden)).toEqual([])
    const [first, ...rest] = golden.ticks
    if (first === undefined) throw new Error('no trade')
    // SUSHI, trades 126902987 to 126902999: 7.6180 opened, 7.6160 is the close.
    expect(differences({ ...golden, ticks: rest })).toEqual(['open', 'volume', 'quoteVolume'])
    const last = { ...first, eventTime: micros(golden.openTime + MICROS_PER_MINUTE - 1) }
    expect(differences({ ...golden, ticks: [...rest, last] })).toEqual(['open', 'close'])
  })
})
