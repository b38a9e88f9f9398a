import { describe, expect, test } from 'vitest'
import { fold, type Output } from '../../../core/processor.ts'
import { MICROS_PER_MINUTE } from '../../../core/time.ts'
import type { MarketOutput } from '../../../processors/market/market.ts'
import { trade } from '../../support/ticks.ts'
import { beat, configured, edge, FREE, logOf, type Row } from './cross-exchange/rig.ts'
import { MARKET } from './run.ts'

const MINUTE = 60_000
/** Longer than a processor's horizon. */
const BACK = MARKET.horizon / 1000 + 10 * MINUTE

/** What a run over all rows writes of the last ones, and one that began a horizon before them. */
function wholeAndLate(...rows: readonly Row[]): {
  readonly whole: readonly Output<MarketOutput>[]
  readonly late: readonly Output<MarketOutput>[]
} {
  const log = logOf(rows)
  const last = log.at(-1)?.value.receiveTime ?? 0
  const start = log.findIndex(({ value }) => value.receiveTime > last - MARKET.horizon - MICROS_PER_MINUTE)
  const from = last - MICROS_PER_MINUTE
  const ofTheEnd = (records: typeof log): readonly Output<MarketOutput>[] =>
    fold(MARKET, records).outputs.filter(({ time }) => time >= from)
  return { whole: ofTheEnd(log), late: ofTheEnd(log.slice(start)) }
}

/** Coinbase beats alone, so that T goes on; the document comes again each ten minutes. */
const meanwhile = (from: number, to: number): readonly Row[] =>
  Array.from({ length: Math.ceil((to - from) / MINUTE) }, (_, minute) => [
    beat(from + minute * MINUTE, 'coinbase'),
    ...(minute % 10 === 0 ? [configured(from + minute * MINUTE, { ...FREE, minProfit: 0 })] : []),
  ]).flat()

/** Binance and kraken live, then say nothing for longer than a horizon, then go on in the same sessions. */
const asleep = (after: readonly Row[]): readonly Row[] => [
  configured(0, { ...FREE, minProfit: 0 }),
  beat(1, 'binance'),
  beat(1, 'kraken'),
  ...edge(2, 20),
  ...meanwhile(1000, BACK),
  ...after,
]

describe('after an outage longer than the horizon', () => {
  test('quotes of a session that goes on stand alike wherever a run began', () => {
    const { whole, late } = wholeAndLate(
      ...asleep([...edge(BACK, 20), beat(BACK + 1, 'binance'), beat(BACK + 1, 'kraken'), beat(BACK + 500, 'coinbase')]),
    )
    expect(late.filter(({ topic }) => topic === 'opportunities')).toHaveLength(1)
    expect(whole).toEqual(late)
  })

  test('quotes from before it are no finding: a run that began during it has never seen them', () => {
    const { whole, late } = wholeAndLate(...asleep([beat(BACK, 'binance'), beat(BACK + 500, 'coinbase')]))
    expect(whole).toEqual(late)
  })

  test('nor is the candle of a trade that was stamped an hour ahead, which one counts and leaves out', () => {
    const [ahead] = edge(0, 0)
    if (ahead === undefined) throw new TypeError('no row')
    const eventTime = logOf(asleep([beat(BACK, 'coinbase')])).at(-1)?.value.receiveTime ?? ahead.eventTime
    const sold: Row = { ...ahead, eventTime, payload: trade() }
    const rows = [sold, ...asleep([beat(BACK, 'coinbase'), beat(BACK + 2 * MINUTE, 'coinbase')])]
    const { outputs, tally } = fold(MARKET, logOf(rows))
    expect(outputs.filter(({ topic }) => topic === 'candles')).toEqual([])
    expect([tally.get('early_trade_1s'), tally.get('early_trade_1m')]).toEqual([1, 1])
  })
})
