import { describe, expect, test } from 'vitest'
import { changeLines, configChanges } from '../../io/config-changes.ts'
import { parseConfig } from '../../io/config.ts'

const configOf = (exchanges: Readonly<Record<string, readonly string[]>>, more: object = {}) =>
  parseConfig(
    {
      exchanges: Object.fromEntries(Object.entries(exchanges).map(([name, symbols]) => [name, { symbols }])),
      ...more,
    },
    'test',
  )
const linesOf = (...[before, after]: Parameters<typeof configChanges>) => changeLines(configChanges(before, after))

describe('the changes between two configurations', () => {
  const before = configOf({ binance: ['BTC-USDT', 'ETH-USDT'], kraken: ['BTC-USD'] })

  test('name every symbol that comes or goes, by exchange', () => {
    const after = configOf({ coinbase: ['BTC-USD'], binance: ['ETH-USDT', 'SOL-USDT'] })
    expect(linesOf(before, after)).toEqual([
      '+ binance SOL-USDT',
      '- binance BTC-USDT',
      '+ coinbase BTC-USD',
      '- kraken BTC-USD',
    ])
    expect(configChanges(before, after).exchanges.map(({ kind }) => kind)).toEqual(['changed', 'added', 'removed'])
  })

  test('name conversions', () => {
    const listed = configOf({ kraken: ['BTC-USD', 'USDT-USD'] })
    const converting = configOf({ kraken: ['BTC-USD', 'USDT-USD'] }, { conversions: ['USDT-USD'] })
    expect(linesOf(listed, converting)).toEqual(['+ conversion USDT-USD'])
  })

  test('name the exchanges that are reached otherwise', () => {
    const reached = (proxy: string) =>
      parseConfig({ exchanges: { kraken: { symbols: ['BTC-USD'], proxy }, okx: { symbols: ['BTC-USD'] } } }, 'test')
    expect(linesOf(reached('http://a.test:1'), reached('http://b.test:1'))).toEqual(['~ kraken proxy'])
  })

  test('are none where only the order of symbols differs', () => {
    const after = configOf({ kraken: ['BTC-USD'], binance: ['ETH-USDT', 'BTC-USDT'] })
    expect(configChanges(before, after)).toEqual({
      exchanges: [],
      conversions: { added: [], removed: [] },
      proxies: [],
      fixed: [],
    })
  })

  test.each([
    ['partitions', { partitions: 3 }],
    ['inverses', { inverses: ['BTC-USDT'] }],
    ['backfill', { backfill: false }],
    ['simulator', { simulator: { seed: 9 } }],
    ['retentionDays', { retentionDays: 3 }],
  ])('name %s as what a start alone can change', (field, change) => {
    const after = configOf({ binance: ['BTC-USDT', 'ETH-USDT'], kraken: ['BTC-USD'] }, change)
    expect(configChanges(before, after).fixed).toEqual([field])
  })
})
