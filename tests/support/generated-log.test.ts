import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readArbitrage } from '../../core/arbitrage/config.ts'
import { timeOf } from '../../core/partition-clock.ts'
import { isError } from '../../core/rules/diagnostic.ts'
import { readRuleSet } from '../../core/rules/read/rule-set.ts'
import { validateRule } from '../../core/rules/validate/validate.ts'
import { EMPTY_WORLD } from '../../core/rules/validate/world.ts'
import { tickFault } from '../../core/tick-check.ts'
import { GAP_REASONS } from '../../core/tick.ts'
import { MICROS_PER_SECOND } from '../../core/time.ts'
import { EXCHANGES, logOf, SYMBOLS } from './generated-log.ts'
import { arbitraryStory, seededStory } from './generated-story.ts'

const log = logOf(seededStory(1))
const payloads = log.map(({ value }) => value.payload)

describe('a generated log', () => {
  test('spans three days in a few ten thousand records', () => {
    const hours = ((log.at(-1)?.timestampMs ?? 0) - (log[0]?.timestampMs ?? 0)) / 3_600_000
    expect(hours).toBeGreaterThan(71.9)
    expect(log.length).toBeGreaterThan(10_000)
    expect(log.length).toBeLessThan(40_000)
  })

  test('is the same for the same story and another for another seed', () => {
    expect(logOf(seededStory(1))).toEqual(log)
    expect(logOf(seededStory(2)).slice(0, 100)).not.toEqual(log.slice(0, 100))
  })

  test('holds what a reader believes, at ascending offsets and stamps', () => {
    fc.assert(
      fc.property(arbitraryStory(), (story) => {
        const records = logOf(story)
        const faults = records.map(({ value }) => {
          const { payload } = value
          return payload.kind === 'control' ? undefined : tickFault({ ...value, payload })
        })
        expect(faults.filter((one) => one !== undefined)).toEqual([])
        const ascends = records.every(({ offset, timestampMs }, index) => {
          const before = records[index - 1]
          return before === undefined || (offset > before.offset && timestampMs >= before.timestampMs)
        })
        expect(ascends).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('holds all that befalls a real one', () => {
    expect(new Set(payloads.map(({ kind }) => kind))).toEqual(
      new Set(['trade', 'quote', 'heartbeat', 'gap', 'control', 'rate']),
    )
    expect(new Set(payloads.flatMap((one) => (one.kind === 'gap' ? [one.reason] : [])))).toEqual(new Set(GAP_REASONS))
    expect(new Set(payloads.flatMap((one) => (one.kind === 'heartbeat' ? [one.state] : [])))).toEqual(
      new Set(['UP', 'DOWN']),
    )
    expect(new Set(payloads.flatMap((one) => (one.kind === 'control' ? [one.epoch] : []))).size).toBeGreaterThan(3)
    const documentsOf = (id: string): readonly unknown[] =>
      payloads.flatMap((one) => (one.kind === 'control' && one.documentId === id ? [one.document] : []))
    expect(documentsOf('arbitrage').filter((one) => 'problems' in readArbitrage(one))).toEqual([])
    const ruleSets = documentsOf('rules')
    expect(new Set(ruleSets.map((one) => JSON.stringify(one))).size).toBe(4)
    expect(ruleSets.flatMap((one) => problemsOf(one))).toEqual([])
    expect(log.some(({ value }) => value.feed === 'BACKFILL')).toBe(true)
    const sessions = new Set(log.map(({ value }) => `${value.exchange} ${value.session}`))
    expect(sessions.size).toBeGreaterThan(3 * EXCHANGES.length)
  })

  test('holds repeats, late records and trades that two sessions tell', () => {
    const coordinates = log.map(({ value }) => `${value.exchange} ${value.session} ${value.ordinal}`)
    expect(coordinates.length - new Set(coordinates).size).toBeGreaterThan(500)
    let now = 0
    const late = log.filter((record) => {
      now = Math.max(now, timeOf(record))
      return timeOf(record) <= now - 600 * MICROS_PER_SECOND
    })
    expect(late.length).toBeGreaterThan(50)
    const fresh = new Map(log.map((record, index) => [coordinates[index], record.value]))
    const ids = [...fresh.values()].flatMap(({ symbol, payload }) =>
      payload.kind === 'trade' ? [`${symbol} ${payload.id}`] : [],
    )
    expect(ids.length - new Set(ids).size).toBeGreaterThan(100)
  })

  test('has moments in which one exchange bids what another asks, and more', () => {
    const asks = new Map<string, number>()
    const crossings = new Set<string>()
    for (const { value } of log) {
      if (value.payload.kind !== 'quote') continue
      asks.set(`${value.symbol} ${value.exchange}`, value.payload.ask)
      for (const exchange of EXCHANGES) {
        const ask = asks.get(`${value.symbol} ${exchange}`) ?? Infinity
        if (value.payload.bid > ask * 1.002) crossings.add(value.symbol)
      }
    }
    expect(crossings).toEqual(new Set(SYMBOLS))
  })
})

/** What is wrong with a rule set and its rules. */
function problemsOf(document: unknown): readonly unknown[] {
  const read = readRuleSet(document)
  if (!('set' in read)) return read.diagnostics
  const { rules, shadow } = read.set
  return [...rules, ...shadow].flatMap((rule) => validateRule(rule, EMPTY_WORLD).diagnostics.filter(isError))
}
