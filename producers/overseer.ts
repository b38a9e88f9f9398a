import type { Exchange } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import { offsetOf, skewChange } from './clock-offset.ts'
import { priceGroups } from './price-groups.ts'
import { isQuarantined, judge, type Price, type Quarantine } from './quarantine.ts'
import type { RunningFeed, World } from './shell.ts'

/** What shows only to one who sees all feeds of a process: prices apart from the others', clocks apart from ours. */
export type Overseer = {
  /** Each second. */
  look(time: Micros): void
  /** Microseconds that our clock is ahead of an exchange's, by exchange. */
  offsets(time: Micros): ReadonlyMap<Exchange, number>
  /** Symbols in quarantine, by exchange that has a feed. */
  quarantined(): ReadonlyMap<Exchange, number>
}

export function openOverseer(feeds: ReadonlySet<RunningFeed>, world: Pick<World, 'event'>): Overseer {
  const quarantine: Quarantine = new Map()

  function judgePrices(time: Micros): void {
    const prices: Price[] = []
    const conversions = new Set<string>()
    for (const { exchange, state } of feeds) {
      for (const { symbol, price, priceAt, conversion } of state.markets.values()) {
        if (conversion) conversions.add(symbol)
        if (price > 0) prices.push({ exchange, symbol, price, time: priceAt })
      }
    }
    const isTrusted = (one: Price): boolean => !isQuarantined(quarantine, one)
    const verdicts = judge(quarantine, priceGroups(prices, conversions, isTrusted, time), time)
    for (const { exchange, symbol, isQuarantined: isIn, deviation } of verdicts) {
      const feed = [...feeds].find((one) => one.exchange === exchange)
      if (feed === undefined) continue
      const percent = (deviation * 100).toFixed(1)
      const message = isIn
        ? `${symbol} is quarantined: its price is ${percent} % off the median of the other exchanges`
        : `${symbol} leaves the quarantine: its price was in line for ten minutes`
      world.event(feed.exchange, {
        event: isIn ? 'FAULT' : 'NOTE',
        symbol,
        message,
        details: { deviationPercent: percent },
      })
    }
    // Not by the verdicts: a symbol that went and came again has a market of its own.
    for (const feed of feeds)
      for (const { symbol, nativeSymbol, isQuarantined: isIn } of feed.state.markets.values()) {
        const shall = isQuarantined(quarantine, { exchange: feed.exchange, symbol })
        if (shall !== isIn) feed.input({ kind: 'quarantine', time, nativeSymbol, isQuarantined: shall })
      }
  }

  /** Of several sockets of an exchange the first that knows its clock: they share it. */
  const withClock = (time: Micros): readonly RunningFeed[] =>
    [...Map.groupBy(feeds, ({ exchange }) => exchange).values()].flatMap(
      (own) => own.find(({ state }) => offsetOf(state.clock, time) !== undefined) ?? [],
    )

  return {
    look(time) {
      judgePrices(time)
      for (const { exchange, state } of withClock(time)) {
        const change = skewChange(state.clock, time)
        if (change === undefined) continue
        const seconds = ((offsetOf(state.clock, time) ?? 0) / 1e6).toFixed(1)
        const message =
          change === 'begins'
            ? `our clock is ${seconds} s ahead of the exchange's, more than 5 s to one side`
            : `the exchange's clock and ours agree again: ${seconds} s`
        const event = change === 'begins' ? 'FAULT' : 'NOTE'
        world.event(exchange, { event, symbol: undefined, message, details: { offsetSeconds: seconds } })
      }
    },
    offsets: (time) =>
      new Map(withClock(time).map(({ exchange, state }) => [exchange, offsetOf(state.clock, time) ?? 0] as const)),
    quarantined() {
      const counts = new Map<Exchange, number>()
      for (const { exchange, state } of feeds) {
        const own = [...state.markets.values()].filter((market) => market.isQuarantined).length
        counts.set(exchange, (counts.get(exchange) ?? 0) + own)
      }
      return counts
    },
  }
}
