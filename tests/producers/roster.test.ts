import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../core/tick.ts'
import { openRoster } from '../../producers/roster.ts'

function rosterOf() {
  const said: string[] = []
  const failures: unknown[] = []
  const roster = openRoster(
    (exchange) => {
      said.push(`${exchange} starts`)
      return Promise.resolve({
        want(symbols, conversions) {
          said.push(`${exchange} ${symbols.join()} ${[...conversions].join()}`.trimEnd())
          return symbols.includes('BAD-USD') ? Promise.reject(new Error('bad')) : Promise.resolve()
        },
        stop: () => void said.push(`${exchange} stops`),
      })
    },
    (error) => failures.push(error),
  )
  const want = async (exchanges: readonly (readonly [Exchange, readonly string[]])[], conversions: string[] = []) => {
    said.length = 0
    roster.want({ exchanges: new Map(exchanges), conversions: new Set(conversions) })
    await turn()
    return said.slice()
  }
  return { want, failures }
}

describe('the roster of exchanges', () => {
  test('starts, changes and stops each by itself', async () => {
    const { want } = rosterOf()
    expect(await want([['binance', ['A-USD']]])).toEqual(['binance starts', 'binance A-USD'])
    expect(
      await want([
        ['binance', ['A-USD']],
        ['kraken', ['B-USD']],
      ]),
    ).toEqual(['kraken starts', 'kraken B-USD'])
    expect(
      await want([
        ['binance', ['A-USD']],
        ['kraken', ['C-USD']],
      ]),
    ).toEqual(['kraken C-USD'])
    expect(await want([['kraken', ['C-USD']]])).toEqual(['binance stops'])
    expect(
      await want([
        ['binance', ['A-USD']],
        ['kraken', ['C-USD']],
      ]),
    ).toEqual(['binance starts', 'binance A-USD'])
  })

  test('tells an exchange of conversions that concern it, and of no others', async () => {
    const { want } = rosterOf()
    await want([
      ['binance', ['A-USD']],
      ['kraken', ['B-USD']],
    ])
    const said = await want(
      [
        ['binance', ['A-USD']],
        ['kraken', ['B-USD']],
      ],
      ['B-USD'],
    )
    expect(said).toEqual(['kraken B-USD B-USD'])
  })

  test('hands on what an exchange cannot go on with', async () => {
    const { want, failures } = rosterOf()
    await want([['binance', ['BAD-USD']]])
    expect(failures).toMatchObject([{ message: 'bad' }])
  })
})
