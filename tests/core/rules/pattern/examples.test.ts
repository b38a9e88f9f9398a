import { expect, test } from 'vitest'
import { compileRule } from '../../../../core/rules/compile/compile.ts'
import type { Rule } from '../../../../core/rules/document.ts'
import type {
  CandleEvent,
  CommonFields,
  EventPlace,
  MatchEvent,
  OpportunityEvent,
  RuleEvent,
  TradeEvent,
} from '../../../../core/rules/events.ts'
import type { Source } from '../../../../core/rules/machine.ts'
import { patternDue, patternExpire } from '../../../../core/rules/pattern/expire.ts'
import { preparePattern } from '../../../../core/rules/pattern/prepare.ts'
import { patternInitial, type PatternEnd } from '../../../../core/rules/pattern/state.ts'
import { patternStep } from '../../../../core/rules/pattern/step.ts'
import { micros } from '../../../../core/time.ts'
import { frameOf, trade } from './support.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND

/** The patterns of rules-goldens.md section 1; names, severity and evidence left out. */
const rule = (more: Pick<Rule, 'on' | 'by' | 'where' | 'let' | 'pattern' | 'emit'>): Rule => ({
  id: 'example',
  version: 1,
  name: 'Example',
  enabled: true,
  severity: 'info',
  ...more,
})

const ARBITRAGE = rule({
  on: ['opportunity', 'match'],
  by: ['base'],
  pattern: {
    within: '10s',
    skip: 'to-next',
    steps: [
      { as: 'o', on: 'opportunity', if: "kind == 'cross-exchange' && phase == 'OPEN' && edgeBps > 8" },
      { not: { on: 'opportunity', if: "opportunityId == o.opportunityId && phase == 'CLOSE'" } },
      {
        as: 'u',
        on: 'opportunity',
        if: "opportunityId == o.opportunityId && phase == 'UPDATE' && edgeBps >= o.edgeBps",
        times: [2, null],
        greedy: true,
      },
      { not: { on: 'opportunity', if: "opportunityId == o.opportunityId && phase == 'CLOSE'" } },
      { as: 's', on: 'match', if: "type == 'PRICE_SPIKE' && phase == 'FIRED' && exchange == o.sellExchange" },
    ],
  },
  emit: {
    type: 'ARBITRAGE_MOMENTUM',
    fields: { opportunityId: 'o.opportunityId', peakBps: 'max(u.edgeBps)', updates: 'count(u)' },
  },
})

const REVERSAL = rule({
  on: 'candle',
  where: "interval == '1m'",
  by: ['exchange', 'symbol'],
  pattern: {
    within: '30m',
    skip: { toLast: 'up' },
    steps: [
      { as: 'start', if: 'true' },
      { as: 'down', if: 'close < prev(close)', times: [3, null], greedy: true, follow: 'next' },
      { as: 'up', if: 'close > prev(close)', times: 2, follow: 'next' },
    ],
  },
  emit: { type: 'TREND_REVERSAL', fields: { drop: '(start.close - last(down.close)) / start.close' } },
})

const RETEST = rule({
  on: 'candle',
  where: "interval == '1m'",
  by: ['exchange', 'symbol'],
  let: {
    high120: { agg: 'max', of: 'high', over: { count: 120 }, lag: 1 },
    volume120: { agg: 'median', of: 'volume', over: { count: 120 }, lag: 1 },
  },
  pattern: {
    within: '20m',
    steps: [
      { as: 'b', if: 'close > high120 * 1.001 && volume > 2 * volume120' },
      { not: { if: 'close < b.high120 * 0.997' } },
      { as: 'r', if: 'low <= b.high120 * 1.001 && close > b.high120' },
    ],
  },
  emit: { type: 'BREAKOUT_RETEST', fields: { level: 'b.high120' } },
})

const SILENT = rule({
  on: 'trade',
  by: ['symbol'],
  pattern: {
    within: '10s',
    steps: [
      { as: 'x', if: "exchange == 'binance'" },
      { not: { if: "exchange == 'binance'" }, for: '5s' },
    ],
  },
  emit: { type: 'EXCHANGE_SILENT' },
})

/** When it matched, and what its fields were. */
function run(of: Rule, events: readonly RuleEvent[]): readonly (readonly [at: number, ...fields: unknown[]])[] {
  const sources: Source[] = []
  const compiled = compileRule(of, (_, source) => {
    const known = sources.findIndex(({ id }) => id === source.id)
    return known < 0 ? sources.push(source) - 1 : known
  })
  if (!('program' in compiled) || compiled.program.body.kind !== 'pattern') throw new Error(JSON.stringify(compiled))
  const { program } = compiled
  const pattern = preparePattern(compiled.program.body.pattern)
  const state = patternInitial(pattern)
  const [first] = events
  if (first === undefined) return []
  const frame = { ...frameOf(first), slots: sources.map(({ machine }) => machine.initial()) }
  const found: (readonly [number, ...unknown[]])[] = []
  const ended = ({ taken, at }: PatternEnd): void => {
    frame.taken = taken
    found.push([at / SECOND, ...program.fields.map(({ expression }) => expression.read(frame))])
  }
  events.forEach((event, index) => {
    for (let due = patternDue(pattern, state); due !== undefined && due <= event.at; due = patternDue(pattern, state)) {
      frame.now = due
      patternExpire(pattern, state, frame, ended)
    }
    frame.event = event
    frame.now = event.at
    frame.stamp++
    frame.earlier = events
      .slice(0, index)
      .toReversed()
      .map((one) => ({ event: one, at: one.at }))
    sources.forEach(({ streams, where, machine }, slot) => {
      const kept = frame.slots[slot]
      if (kept !== undefined && streams.includes(event.stream) && where?.read(frame) !== false) machine.add(kept, frame)
    })
    patternStep(pattern, state, frame, ended)
  })
  return found
}

const common = (at: number): EventPlace & CommonFields => ({
  exchange: undefined,
  symbol: undefined,
  base: 'BTC',
  quoteAsset: undefined,
  eventTime: at,
  receiveTime: at,
  sequence: NaN,
  offset: 0,
  at: micros(at),
  feed: 'SIMULATED',
})

const opportunity = (second: number, phase: string, edgeBps: number, opportunityId = 'x'): OpportunityEvent => ({
  ...common(second * SECOND),
  stream: 'opportunity',
  opportunityId,
  kind: 'cross-exchange',
  phase,
  buyExchange: 'binance',
  sellExchange: 'kraken',
  grossBps: NaN,
  edgeBps,
  size: NaN,
  profit: NaN,
  durationMs: NaN,
  peakBps: NaN,
  reason: undefined,
})

const spike = (second: number, exchange: string): MatchEvent => ({
  ...common(second * SECOND),
  stream: 'match',
  exchange,
  ruleId: 'price-spike',
  type: 'PRICE_SPIKE',
  phase: 'FIRED',
  severity: 'warning',
})

type Bar = Partial<Pick<CandleEvent, 'high' | 'low' | 'volume'>> & Pick<CandleEvent, 'close'>

const candles = (bars: readonly (number | Bar)[]): readonly CandleEvent[] =>
  bars.map((bar, index) => ({
    ...common((index + 1) * MINUTE),
    stream: 'candle',
    interval: '1m',
    openTime: index * MINUTE,
    open: NaN,
    high: NaN,
    low: NaN,
    volume: NaN,
    vwap: NaN,
    trades: NaN,
    logReturn: NaN,
    ...(typeof bar === 'number' ? { close: bar } : bar),
  }))

const at = (second: number, exchange: string): TradeEvent => ({ ...trade('t', { at: second * SECOND }), exchange })

test('an opportunity that grows, then a spike where it sells', () => {
  const grows = [opportunity(0, 'OPEN', 9), opportunity(1, 'UPDATE', 10), opportunity(2, 'UPDATE', 11)]
  expect(run(ARBITRAGE, [...grows, spike(4, 'kraken')])).toEqual([[4, 'x', 11, 2]])
  expect(run(ARBITRAGE, [...grows, opportunity(3, 'CLOSE', 1), spike(4, 'kraken')])).toEqual([])
  expect(run(ARBITRAGE, [...grows, opportunity(3, 'CLOSE', 1, 'y'), spike(4, 'kraken')])).toEqual([[4, 'x', 11, 2]])
  expect(run(ARBITRAGE, [...grows, spike(4, 'binance')])).toEqual([])
  expect(run(ARBITRAGE, [...grows, spike(10, 'kraken')])).toEqual([])
  // An UPDATE below the edge at the OPEN is passed over; one alone is not enough.
  expect(
    run(ARBITRAGE, [
      opportunity(0, 'OPEN', 9),
      opportunity(1, 'UPDATE', 8),
      opportunity(2, 'UPDATE', 11),
      spike(4, 'kraken'),
    ]),
  ).toEqual([])
})

test('three candles down, two up: a reversal, with the drop from the start to the low', () => {
  // Starts at 10; (10 - 7) / 10. A start at 9 has two candles down only.
  expect(run(REVERSAL, candles([10, 9, 8, 7, 8, 9, 8]))).toEqual([[360, 0.3]])
  expect(run(REVERSAL, candles([10, 9, 8, 8.5, 9, 9.5]))).toEqual([])
  expect(run(REVERSAL, candles([10, 9, 8, 7, 8, 7, 8, 9]))).toEqual([])
})

test('an exchange is silent 5 s after its last trade, whatever the others do', () => {
  const trades = [
    at(0, 'binance'),
    at(1, 'kraken'),
    at(3, 'binance'),
    at(7, 'kraken'),
    at(9, 'kraken'),
    at(20, 'kraken'),
  ]
  expect(run(SILENT, trades)).toEqual([[8]])
  // At the deadline itself it is too late.
  expect(run(SILENT, [at(0, 'binance'), at(5, 'binance'), at(9, 'binance')])).toEqual([[5]])
})

test('a breakout with volume, and the return to the level that was broken', () => {
  const calm = { high: 100, low: 98, close: 99, volume: 10 }
  const breaks = { high: 103, low: 99, close: 102, volume: 30 }
  const returns = { high: 102, low: 100.05, close: 101, volume: 10 }
  // The level is the highest before the breakout, not what the breakout made of it: low <= 100 * 1.001, close > 100.
  expect(run(RETEST, candles([calm, calm, calm, breaks, returns]))).toEqual([[300, 100]])
  const quiet = { ...breaks, volume: 20 }
  expect(run(RETEST, candles([calm, calm, calm, quiet, returns]))).toEqual([])
  const falls = { high: 102, low: 99, close: 99.6, volume: 10 }
  expect(run(RETEST, candles([calm, calm, calm, breaks, falls, returns]))).toEqual([])
})
