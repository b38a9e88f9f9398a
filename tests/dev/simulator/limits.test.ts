import { describe, expect, test } from 'vitest'
import { createLedger, LIMITS, retryAfterSeconds, scaledLimits, type Verdict } from '../../../dev/simulator/limits.ts'

const HERE = '127.0.0.1'
const kinds = (verdicts: readonly Verdict[]): readonly (string | number)[] =>
  verdicts.map((one) => (one.kind === 'allowed' ? 'allowed' : one.status))

describe('the ledger of limits', () => {
  // Three connects in five minutes, patience for none, bans from two minutes on.
  const limits = scaledLimits(LIMITS, 0.01, 1)

  test('refuses with 429 what is too much, and bans with 418 who goes on', () => {
    const ledger = createLedger({
      ...limits,
      binance: { ...limits.binance, connects: { ...LIMITS.binance.connects, count: 3 } },
    })
    const attempts = Array.from({ length: 15 }, () => ledger.connect('binance', HERE, 1000))
    expect(kinds(attempts)).toEqual([
      'allowed',
      'allowed',
      'allowed',
      ...Array.from({ length: 10 }, () => 429),
      418,
      418,
    ])
    expect(attempts[3]).toMatchObject({ banned: false, retryAfterMs: 300_000 })
    expect(attempts.at(-1)).toMatchObject({ banned: true, retryAfterMs: 120_000 })
  })

  test('forgets what is older than its window', () => {
    const ledger = createLedger(limits)
    const at = [0, 1000, 2000, 300_000, 300_999]
    expect(kinds(at.map((nowMs) => ledger.connect('binance', HERE, nowMs)))).toEqual([
      'allowed',
      'allowed',
      'allowed',
      'allowed',
      418,
    ])
  })

  test('bans each time twice as long', () => {
    const ledger = createLedger(scaledLimits(LIMITS, 0.001, 1))
    ledger.connect('kraken', HERE, 0)
    expect(ledger.connect('kraken', HERE, 1)).toMatchObject({ retryAfterMs: 600_000 })
    expect(ledger.connect('kraken', HERE, 600_001)).toEqual({ kind: 'allowed' })
    expect(ledger.connect('kraken', HERE, 600_002)).toMatchObject({ retryAfterMs: 1_200_000 })
  })

  test('keeps addresses and exchanges apart, and bans an address for sockets and REST alike', () => {
    const ledger = createLedger(LIMITS)
    ledger.ban('binance', HERE, 5000, 0)
    expect(ledger.request('binance', HERE, 4, 1000)).toMatchObject({ status: 418, retryAfterMs: 4000 })
    expect(ledger.connect('binance', HERE, 1000)).toMatchObject({ status: 418 })
    expect(ledger.connect('binance', '127.0.0.2', 1000)).toEqual({ kind: 'allowed' })
    expect(ledger.connect('okx', HERE, 1000)).toEqual({ kind: 'allowed' })
    expect(ledger.connect('binance', HERE, 5000)).toEqual({ kind: 'allowed' })
  })

  test('weighs requests', () => {
    const ledger = createLedger(scaledLimits(LIMITS, 0.01, 1))
    expect(kinds([40, 20, 1].map((weight) => ledger.request('binance', HERE, weight, 0)))).toEqual([
      'allowed',
      'allowed',
      418,
    ])
  })

  test('counts the messages of a connection, and bans an address that oversteps three times', () => {
    const ledger = createLedger(LIMITS)
    const sent: number[] = []
    expect([0, 1, 2, 3, 4, 5, 1001].map((nowMs) => ledger.message('binance', sent, nowMs))).toEqual([
      ...Array.from({ length: 5 }, () => true),
      false,
      true,
    ])
    for (const nowMs of [0, 1, 2]) {
      expect(ledger.connect('binance', HERE, nowMs)).toEqual({ kind: 'allowed' })
      ledger.offence('binance', HERE, nowMs)
    }
    expect(ledger.connect('binance', HERE, 3)).toMatchObject({ status: 418, banned: true })
  })

  test('asks to wait in whole seconds, never too few', () => {
    expect([0, 1, 1000, 1001].map(retryAfterSeconds)).toEqual([0, 1, 1, 2])
  })
})
