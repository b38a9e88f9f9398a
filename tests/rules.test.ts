import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readRule } from '../core/rules/read/read.ts'
import { readRuleSet } from '../core/rules/read/rule-set.ts'
import { failedTests, testRule } from '../core/rules/testing/test-rule.ts'
import { validateRule, validateRuleSet } from '../core/rules/validate/validate.ts'
import { EMPTY_WORLD, type World } from '../core/rules/validate/world.ts'

const FOLDER = new URL('../rules/', import.meta.url)
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
const documents = files.map((name) => ({ name, document: read(name) }))

const configuration: unknown = read('../crosstide.config.json')
const isConfiguration = (
  value: unknown,
): value is { partitions: number; exchanges: Readonly<Record<string, { symbols: readonly string[] }>> } =>
  typeof value === 'object' && value !== null && 'partitions' in value && 'exchanges' in value

function configured(): World {
  if (!isConfiguration(configuration)) throw new TypeError('no configuration')
  const exchanges = Object.entries(configuration.exchanges).map(([name, { symbols }]) => [name, symbols] as const)
  return { ...EMPTY_WORLD, exchanges: new Map(exchanges), partitions: configuration.partitions, runTests: failedTests }
}

const ruleOf = (document: unknown) => {
  const rule = readRule(document)
  if (!('rule' in rule)) throw new TypeError(JSON.stringify(rule.diagnostics))
  return rule.rule
}

describe('the rules that ship', () => {
  test('are the seven of the design', () => {
    expect(files).toEqual([
      'arbitrage-then-spike.json',
      'breakout-retest.json',
      'exchange-silent.json',
      'price-spike.json',
      'v-reversal.json',
      'volatility-regime.json',
      'volume-surge.json',
    ])
  })

  test.each(documents)('$name has neither errors nor warnings where it runs', ({ name, document }) => {
    const { rule, diagnostics, bound } = validateRule(document, configured())
    expect(diagnostics).toEqual([])
    expect(`${rule?.id}.json`).toBe(name)
    expect(bound?.keys).toBeGreaterThan(0)
  })

  test('stand together as a set', () => {
    const set = { rules: documents.map(({ document }) => document), shadow: [] }
    expect(readRuleSet(set)).toHaveProperty('set')
    const { diagnostics, bytes } = validateRuleSet(set, configured())
    expect(diagnostics).toEqual([])
    expect(bytes).toBeGreaterThan(0)
  })
})

/**
 * How the numbers of the tests come about.
 *
 * price-spike: 40 prices, 100 and 102 in turn, have the mean 101 and the deviation √(40·1²/39); the window leaves the present
 * price out (lag 1). At 111: z = 10 / √(40/39) = √97.5 = 9.874208829065749 > 8, so critical; 10^4 · 10/101 = 990.099… bps. From 41 s
 * on 111 is in the window: with 41 values the mean is 101.24 and the deviation √((40 + 100·40/41)/40) = 1.85, so that 100 and 102
 * are less than 1 away from it; 10 s later, at 51 s, the firing ends. With 29 prices n >= 30 fails; at 100,000 a jump of 10 is 1 bp.
 *
 * volatility-regime: 600 returns of ±u vary by u. After k of ±100u: fast² = ((30 − k) + 10^4·k)/29 u², slow² = (600 +
 * 10^4·k)/(599 + k) u² (odd k: the means, 100u/30 and 100u/601 at most, take off less than a thirtieth), so that the ratio is
 * √(334/17.6) = 4.4 for k = 1 and stays above 4; held from 600 s to 605 s. Doubled returns: fast² = (30 + 3k)/29, slow² =
 * (600 + 3k)/(599 + k), at k = 30 √(4.14/1.10) = 1.9.
 *
 * volume-surge: 60 windows of ten trades of 100 sum up to 1000 each. At 600.5 s the last 10 s hold nine of them and 6000: 6900 are
 * 6.9 times the usual; with 4000 they are 4.9 times.
 *
 * v-reversal: closes 100 99 98 97 98 99: three falls and two rises, (100 − 97)/100. 100 99 98 99 100: two falls only.
 *
 * breakout-retest: ten highs of 100 and volumes of 10; a close of 101 is above 100.1, a volume of 30 above 20 (20 is not). The
 * next low of 100.05 touches 100.1 and closes above 100. A close of 99.5 is below 99.7.
 *
 * exchange-silent: nothing for 5 s after 0 s; after trades at 0, 3 and 6 s nothing is due before 11 s.
 */
describe('tests of the rules that ship', () => {
  const all = documents.flatMap(({ document }) => {
    const rule = ruleOf(document)
    return testRule(rule).tests.map((one) => ({ id: rule.id, ...one }))
  })

  test.each(all)('$id: $name', ({ failure }) => {
    expect(failure).toBeUndefined()
  })

  test('show each rule firing and not firing', () => {
    for (const { document } of documents) {
      const expected = (ruleOf(document).tests ?? []).map(({ expect: matches }) => matches.length > 0)
      expect(expected).toContain(true)
      expect(expected).toContain(false)
    }
  })
})
