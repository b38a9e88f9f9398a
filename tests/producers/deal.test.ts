import { describe, expect, test } from 'vitest'
import type { Instrument } from '../../producers/adapter.ts'
import { deal } from '../../producers/deal.ts'
import { kraken } from '../../producers/kraken.ts'

/** At most three symbols on a socket. */
const adapter = { ...kraken, limits: { ...kraken.limits, subscriptionsPerSocket: 6 } }
const listOf = (names: string): readonly Instrument[] =>
  names.split('').map((name) => ({ symbol: `${name}-USD`, nativeSymbol: `${name}/USD` }))
const dealt = (running: readonly string[], wanted: string) =>
  deal(running.map(listOf), listOf(wanted), adapter).map((socket) => socket.map(({ symbol }) => symbol[0]).join(''))

describe('dealing symbols to sockets', () => {
  test.each<[string, readonly string[], string, readonly string[]]>([
    ['opens as many as the limit asks for', [], 'ABCDEFG', ['ABC', 'DEF', 'G']],
    ['leaves those that run alone', ['ABC', 'DE'], 'ABCDE', ['ABC', 'DE']],
    ['gives a new one to the first with room', ['AB', 'D'], 'ABDX', ['ABX', 'D']],
    ['opens another where none has room', ['ABC'], 'ABCX', ['ABC', 'X']],
    ['takes away from the one that has it', ['ABC', 'DE'], 'ACDE', ['AC', 'DE']],
    ['empties one that is not needed, and gives it nothing new', ['ABC', 'D'], 'ABCX', ['ABC', '', 'X']],
    ['moves none from one to another', ['A', 'B'], 'AB', ['A', 'B']],
  ])('%s', (_, running, wanted, expected) => expect(dealt(running, wanted)).toEqual(expected))

  test('takes a symbol that stands for another instrument now as another one', () => {
    const [old] = listOf('A')
    const young = { symbol: 'A-USD', nativeSymbol: 'A2/USD' }
    expect(deal([old === undefined ? [] : [old]], [young], adapter)).toEqual([[], [young]])
  })
})
