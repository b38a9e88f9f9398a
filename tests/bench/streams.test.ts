import { describe, expect, test } from 'vitest'
import { benchEvents, type BenchEvent } from '../../bench/streams/events.ts'
import { j3 } from '../../bench/streams/j3.ts'
import { eventBytes, matchBytes, originOf, readQuote, sentAtOf } from '../../bench/streams/wire.ts'
import { fold } from '../../core/processor.ts'

/** As arbitrage.md section 9 writes them: (s, e, ms, bid, ask, price, size). */
const shown = ({ symbol, exchange, ms, bid, ask, price, size }: BenchEvent) => [
  symbol,
  exchange,
  ms,
  bid,
  ask,
  price,
  size,
]

describe('the events of the benchmarks', () => {
  test('are those of the document: the first two, and the last of two million', () => {
    let last: BenchEvent | undefined
    const first: BenchEvent[] = []
    for (const event of benchEvents(2_000_000)) {
      if (first.length < 2) first.push(event)
      last = event
    }
    expect(first.map(shown)).toEqual([
      [0, 2, 0, 1_000_231, 1_000_431, 999_996, 322],
      [22, 2, 0, 999_100, 999_300, 999_991, 397],
    ])
    expect(last === undefined ? [] : shown(last)).toEqual([41, 3, 199_999, 1_000_991, 1_001_191, 1_000_759, 29])
  })

  test('give J3 the 376,207 matches that two programs and Esper counted', () => {
    const processor = j3('events', 'matches')
    const records = function* () {
      let offset = 0
      for (const event of benchEvents(2_000_000))
        yield { partition: 0, offset: offset++, timestampMs: event.ms, value: { ...event, sentAt: 0 } }
    }
    expect(fold(processor, records()).outputs).toHaveLength(376_207)
  })

  test('come back from their bytes, and so do matches', () => {
    for (const event of benchEvents(100)) {
      const { symbol, exchange, bid, ask } = event
      expect(readQuote(eventBytes(event, 12.5))).toEqual({ symbol, exchange, bid, ask, sentAt: 12.5 })
    }
    const origin = { processor: 'j3', version: 1, partition: 5, offset: 2 ** 40, ordinal: 3 }
    const match = matchBytes({ symbol: 7, sell: 1, buy: 2, sentAt: 99.25 }, origin)
    expect([sentAtOf(match), originOf(match)]).toEqual([99.25, origin])
    // Those of Kafka Streams have no origin.
    expect(originOf(match.subarray(0, 12))).toBeUndefined()
  })
})
