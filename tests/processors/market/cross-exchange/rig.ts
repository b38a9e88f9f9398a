import { DEFAULT_ARBITRAGE, type ArbitrageConfig, type ExchangeCosts } from '../../../../core/arbitrage/config.ts'
import { arrivals, type OpenControl, type OpenTick } from '../../../../core/arrivals.ts'
import type { Opportunity } from '../../../../core/opportunity.ts'
import { pipe } from '../../../../core/pipe.ts'
import type { Logged } from '../../../../core/processor.ts'
import type { Gap, Heartbeat, Payload, Quote, Rate, Tick } from '../../../../core/tick.ts'
import type { Micros } from '../../../../core/time.ts'
import { crossExchange } from '../../../../processors/market/cross-exchange/stage.ts'
import type { MarketEvent } from '../../../../processors/market/events.ts'
import { quality } from '../../../../processors/market/quality.ts'
import { ms } from '../../../support/logged.ts'
import { runStage } from '../../../support/run-stage.ts'
import { gap, heartbeat, quote, rate, tick } from '../../../support/ticks.ts'

/** Milliseconds after a multiple of the ttl: 10:10:00 is one of ten minutes. */
export const at = (millis: number): Micros => ms(millis - 300_000)

/** No fees, so that edges are what the prices say. */
export const free = (change: Partial<ExchangeCosts> = {}): ExchangeCosts => ({
  takerFeeBps: 0,
  feeIn: 'quote',
  restricted: false,
  symbols: {},
  ...change,
})
export const FREE: ArbitrageConfig = {
  ...DEFAULT_ARBITRAGE,
  exchanges: { binance: free(), kraken: free(), coinbase: free() },
}

type Where = Partial<Omit<Tick, 'payload'>>
export type Row = Omit<Tick, 'payload'> & { readonly payload: OpenTick['payload'] }

const row = (millis: number, exchange: string, payload: Exclude<Payload, { kind: 'control' }>, change: Where): Row => {
  const when = at(millis)
  const made = tick(payload, { exchange, eventTime: when, receiveTime: when, session: at(-60_000), ...change })
  return { ...made, payload }
}

export const beat = (millis: number, exchange: string, change: Partial<Heartbeat> = {}, where: Where = {}): Row =>
  row(millis, exchange, heartbeat(change), { symbol: '', ...where })

export const missing = (millis: number, exchange: string, change: Partial<Gap> = {}, where: Where = {}): Row =>
  row(millis, exchange, gap(change), { symbol: '', ...where })

/** A quote of BTC-USDT unless said. */
export const quoted = (millis: number, exchange: string, change: Partial<Quote>, where: Where = {}): Row =>
  row(millis, exchange, quote({ bidSize: 1, askSize: 1, ...change }), where)

export const rated = (millis: number, exchange: string, change: Partial<Rate>, where: Where = {}): Row =>
  row(millis, exchange, rate(change), { symbol: 'USDT-USD', ...where })

export const configured = (millis: number, document: unknown = FREE, change: Partial<OpenControl> = {}): Row => {
  const { kind: _kind, ...rest } = { kind: '', ...change }
  const payload: OpenControl = { kind: 'control', documentId: 'arbitrage', epoch: 7, hash: 'h', document, ...rest }
  return { ...row(millis, '', heartbeat(), { symbol: '' }), payload }
}

/** Both quotes of the one route of the life-cycle tables: buy on binance at 10,000, sell on kraken that much higher. */
export const edge = (millis: number, bps: number): readonly Row[] => [
  quoted(millis, 'binance', { bid: 9000, ask: 10_000 }),
  quoted(millis, 'kraken', { bid: 10_000 + bps, ask: 20_000 }),
]

/** The rows as a log of partition 2, offsets from 0; ordinals count each session's. */
export function logOf(rows: readonly Row[]): readonly Logged<OpenTick>[] {
  const ordinals = new Map<string, number>()
  return rows.map((value, offset) => {
    const session = `${value.exchange}/${value.session}`
    const ordinal = ordinals.get(session) ?? 0
    ordinals.set(session, ordinal + 1)
    return { partition: 2, offset, timestampMs: Math.floor(value.receiveTime / 1000), value: { ...value, ordinal } }
  })
}

const STAGE = pipe(arrivals, pipe(quality, crossExchange))

/** Through the sieve, the quality step and the stage. */
export function runCross(...rows: readonly Row[]): {
  readonly events: readonly MarketEvent[]
  readonly written: readonly Opportunity[]
  readonly tally: ReadonlyMap<string, number>
} {
  const { events, tally } = runStage(STAGE, logOf(rows))
  return {
    events,
    written: events.flatMap((event) => (event.kind === 'opportunity' ? [event.opportunity] : [])),
    tally,
  }
}

/** Phase, milliseconds, edge and reason of what was written: what the tables say. */
export const brief = (written: readonly Opportunity[]): readonly string[] =>
  written.map(({ phase, at: when, edgeBps, reason }) =>
    [phase, (when - at(0)) / 1000, Math.round(edgeBps * 1e6) / 1e6, reason ?? ''].join(' ').trim(),
  )

/** What was executable at each delay, and the edge then. */
export const survival = (closing: Opportunity | undefined): readonly unknown[] =>
  closing?.executableAfter.map(({ executable }) => executable) ?? []
