/** One event of the benchmarks of arbitrage.md section 9: a trade and a quote of a symbol on an exchange; prices are whole numbers. */
export type BenchEvent = {
  readonly symbol: number
  readonly exchange: number
  /** Milliseconds from the first event. */
  readonly ms: number
  readonly bid: number
  readonly ask: number
  readonly price: number
  readonly size: number
}

export const SYMBOLS = 100
export const EXCHANGES = 4

/** The generator of arbitrage.md section 9: the same events in every language. */
export function* benchEvents(count: number): Generator<BenchEvent> {
  let x = 12_345
  const next = (): number => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    return x >>> 1
  }
  const mid = Array.from({ length: SYMBOLS }, () => 1_000_000)
  for (let i = 0; i < count; i++) {
    const [r, q, w] = [next(), next(), next()]
    const symbol = (r >>> 7) % SYMBOLS
    const exchange = (r >>> 17) % EXCHANGES
    let step = ((q >>> 5) % 21) - 10
    if ((w >>> 4) % 2000 === 0) step += (w >>> 16) % 2 === 0 ? 600 : -600
    const price = (mid[symbol] ?? 0) + step
    mid[symbol] = price
    const off = ((q >>> 13) % 1601) - 800
    yield {
      symbol,
      exchange,
      ms: Math.floor(i / 10),
      bid: price + off - 100,
      ask: price + off + 100,
      price,
      size: 1 + ((w >>> 8) % 1000),
    }
  }
}
