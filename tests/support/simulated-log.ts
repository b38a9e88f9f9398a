import type { OpenTick } from '../../core/arrivals.ts'
import type { Logged } from '../../core/processor.ts'
import { MICROS_PER_MILLI, type Micros } from '../../core/time.ts'
import type { EpisodeOrder } from '../../dev/simulator/episodes.ts'
import type { SimulatedExchange } from '../../dev/simulator/exchanges.ts'
import type { GapEvent } from '../../dev/simulator/gaps.ts'
import { instrumentsOf } from '../../dev/simulator/instruments.ts'
import { beginEpisode, createMarket, marketTime, stepMarket } from '../../dev/simulator/market.ts'
import { STEP_MICROS, STEPS_PER_SECOND } from '../../dev/simulator/prices.ts'
import { ms } from './logged.ts'

const USDT = ['BTC-USDT', 'ETH-USDT', 'ETH-BTC']
const USD = ['BTC-USD', 'ETH-USD', 'ETH-BTC', 'USDT-USD']
const EXCHANGES: readonly SimulatedExchange[] = ['binance', 'okx', 'coinbase', 'kraken']
const INSTRUMENTS = instrumentsOf({
  exchanges: Object.fromEntries(
    EXCHANGES.map((exchange) => [exchange, { symbols: exchange === 'binance' || exchange === 'okx' ? USDT : USD }]),
  ),
})
/** Whose Rates are written. */
const CONVERSION = 'USDT-USD'
/** 10:16:40, so that the cut of ten minutes is far. */
const SIMULATED_START = ms(100_000)

export type Simulated = {
  /** One partition with all there is, stamped at the end of each step of 5 ms, when it came. */
  readonly log: readonly Logged<OpenTick>[]
  /** The journal: gaps that opened, with the end of the step in which each was seen, and in which it was seen to be over. */
  readonly gaps: readonly { readonly gap: GapEvent; readonly seenAt: Micros; closeAt?: Micros; overAt?: Micros }[]
}

/** A market of the simulator, without sockets: the ticks that producers would write, and its journal. */
export function simulate(options: {
  readonly seed: number
  readonly seconds: number
  readonly document: unknown
  readonly framesPerSecond?: number
  readonly hasFate?: boolean
  readonly orders?: readonly { readonly atMs: number; readonly order: EpisodeOrder }[]
}): Simulated {
  const { seed, seconds, document, framesPerSecond = 800, hasFate = false, orders = [] } = options
  const market = createMarket(INSTRUMENTS, seed, SIMULATED_START, { hasFate })
  const log: Logged<OpenTick>[] = []
  const ordinals = new Map<string, number>()
  const gaps: { gap: GapEvent; seenAt: Micros; closeAt?: Micros; overAt?: Micros }[] = []

  function write(exchange: string, symbol: string, payload: OpenTick['payload'], eventTime?: Micros): void {
    const now = marketTime(market)
    const ordinal = ordinals.get(exchange) ?? 0
    ordinals.set(exchange, ordinal + 1)
    const value: OpenTick = {
      exchange,
      symbol,
      feed: 'SIMULATED',
      eventTime: eventTime ?? now,
      timeSource: eventTime === undefined ? 'RECEIVED' : 'EXCHANGE',
      receiveTime: now,
      session: SIMULATED_START,
      ordinal,
      sequence: 0,
      origin: undefined,
      payload,
    }
    log.push({ partition: 0, offset: log.length, timestampMs: Math.floor(now / MICROS_PER_MILLI), value })
  }

  write('', '', { kind: 'control', documentId: 'arbitrage', epoch: 1, hash: 'h', document })
  for (let step = 0; step < seconds * STEPS_PER_SECOND; step += 1) {
    if (step % STEPS_PER_SECOND === 0) {
      for (const exchange of EXCHANGES) write(exchange, '', { kind: 'heartbeat', state: 'UP', lastSequence: 0 })
    }
    for (const { atMs, order } of orders) {
      if (Math.round((atMs * MICROS_PER_MILLI) / STEP_MICROS) === step) beginEpisode(market, order, () => undefined)
    }
    stepMarket(market, framesPerSecond, (event) => {
      if (event.kind === 'quote') {
        const { exchange, symbol } = event.book.instrument
        const [bid, ask] = [Number(event.bid), Number(event.ask)]
        const [bidSize, askSize] = [Number(event.bidSize), Number(event.askSize)]
        write(exchange, symbol, { kind: 'quote', bid, bidSize, ask, askSize, source: 'STREAM' }, event.eventTime)
        if (symbol === CONVERSION) write(exchange, symbol, { kind: 'rate', bid, ask }, event.eventTime)
      }
      if (event.kind !== 'gap' || event.route !== 'cross') return
      const now = marketTime(market)
      if (event.state === 'OPEN') gaps.push({ gap: event, seenAt: now })
      const own = gaps.find(({ gap }) => gap.gap === event.gap)
      if (event.state === 'CLOSE' && own !== undefined && event.closeAt !== undefined) {
        own.closeAt = event.closeAt
        own.overAt = now
      }
    })
  }
  return { log, gaps }
}
