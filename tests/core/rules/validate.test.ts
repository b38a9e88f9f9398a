import { describe, expect, test } from 'vitest'
import { validateRule, validateRuleSet } from '../../../core/rules/validate/validate.ts'
import { EMPTY_WORLD, type World } from '../../../core/rules/validate/world.ts'
import type { Rule } from '../../../core/rules/document.ts'
import { readRule } from '../../../core/rules/read/read.ts'
import { aggregate, patternRule, whenRule } from './documents.ts'

const told = (document: unknown, world: Partial<World> = {}): readonly string[] =>
  validateRule(document, { ...EMPTY_WORLD, ...world }).diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)

function ruleOf(document: unknown): Rule {
  const read = readRule(document)
  if (!('rule' in read)) throw new TypeError(JSON.stringify(read.diagnostics))
  return read.rule
}

describe('a rule in its world', () => {
  test('may be stored again as it is, and take any version above all before', () => {
    const versions = [whenRule({ version: 1 }), whenRule({ version: 2, when: 'price > 2' })].map(ruleOf)
    expect(told(whenRule({ version: 1 }), { versions })).toEqual([])
    expect(told(whenRule({ version: 3 }), { versions })).toEqual([])
    expect(told(whenRule({ version: 2 }), { versions })).toEqual(['E208 /version'])
    expect(
      told(whenRule({ version: 2 }), { versions: [ruleOf(whenRule({ id: 'other', version: 2, when: 'size > 1' }))] }),
    ).toEqual([])
  })

  test('keeps its firing only over what changes no state', () => {
    const active = ruleOf(whenRule({ cooldown: { for: '5s' } }))
    const next = { version: 2, onUpdate: 'keep', cooldown: { for: '10s' }, severity: 'critical' }
    expect(told(whenRule(next), { active })).toEqual([])
    expect(told(whenRule({ ...next, by: ['base'] }), { active })).toEqual(['E208 /onUpdate'])
    expect(told(whenRule({ ...next, by: ['base'], onUpdate: 'warm' }), { active })).toEqual([])
  })

  test('does what the configuration has, if that is known', () => {
    const emit = { type: 'X', alert: true, action: { webhook: 'desk' } }
    expect(told(whenRule({ emit }))).toEqual([])
    expect(told(whenRule({ emit }), { webhooks: ['desk'] })).toEqual([])
    expect(told(whenRule({ emit }), { webhooks: ['other'] })).toEqual(['E201 /emit/action/webhook'])
    const commands = new Map([['pause-exchange', ['exchange']]])
    const does = (action: object) => told(whenRule({ emit: { ...emit, action } }), { commands })
    expect(does({ command: 'pause-exchange', arguments: { exchange: 'exchange' } })).toEqual([])
    expect(does({ command: 'pause' })).toEqual(['E201 /emit/action/command'])
    expect(does({ command: 'pause-exchange' })).toEqual(['E201 /emit/action'])
    expect(does({ command: 'pause-exchange', arguments: { exchange: 'exchange', symbol: 'symbol' } })).toEqual([
      'E201 /emit/action/arguments/symbol',
    ])
  })

  test('is told how much too much it holds, against the quota at hand', () => {
    const rule = whenRule({ let: { m: aggregate('mean', 'price') }, when: 'm > 1' })
    const { bound } = validateRule(rule, EMPTY_WORLD)
    expect(told(rule, { quotaBytes: bound?.bytes ?? 0 })).toEqual([])
    expect(told(rule, { quotaBytes: (bound?.bytes ?? 0) - 1 })).toEqual(['E601 '])
    expect(told(rule, { horizonMicros: bound?.horizonMicros ?? 0 })).toEqual([])
    expect(told(rule, { horizonMicros: (bound?.horizonMicros ?? 0) - 1 })).toEqual(['E602 '])
  })

  test('of pairs is bounded though no pair is known', () => {
    const rule = whenRule({ scope: 'pair', on: 'spread', by: ['pair'], when: 'abs(z) > 2' })
    expect(validateRule(rule, EMPTY_WORLD).bound?.keys).toBeGreaterThan(0)
    expect(
      validateRule(rule, { ...EMPTY_WORLD, exchanges: new Map([['kraken', ['BTC-USD']]]) }).bound?.keys,
    ).toBeGreaterThan(0)
    expect(
      validateRule(rule, { ...EMPTY_WORLD, exchanges: new Map([['kraken', []]]), pairs: ['A/B', 'C/D'] }).bound?.keys,
    ).toBe(2)
  })
})

describe('how far back a rule reaches', () => {
  // renewals of 1 h and 6 h, and 11 minutes each
  const far = whenRule({ id: 'far', renew: '6h', emit: { type: 'FAR' } })
  const reader = (type: string, id = 'reader') =>
    whenRule({
      id,
      on: 'match',
      where: `type == '${type}'`,
      when: "severity == 'info'",
      emit: { type: id.toUpperCase() },
    })
  const horizonOf = (rule: unknown, others: readonly unknown[]) =>
    validateRule(rule, { ...EMPTY_WORLD, others: others.map(ruleOf) }).bound?.horizonMicros

  test('is its own way, and the longest of the rules whose matches it reads, and of those that they read', () => {
    const [own, theirs] = [(60 + 11) * 60e6, (360 + 11) * 60e6]
    expect(horizonOf(reader('FAR'), [far])).toBe(own + theirs)
    expect(horizonOf(reader('NEAR'), [far])).toBe(own)
    expect(horizonOf(reader('MIDDLE'), [far, reader('FAR', 'middle')])).toBe(own + own + theirs)
  })

  test('is limited along the whole chain', () => {
    const limited = { others: [ruleOf(far)], horizonMicros: 400 * 60e6 }
    expect(told(far, limited)).toEqual([])
    expect(told(reader('FAR'), limited)).toEqual(['E602 '])
    expect(
      validateRuleSet({ rules: [far, reader('FAR')], shadow: [] }, { ...EMPTY_WORLD, ...limited, others: [] })
        .diagnostics,
    ).toMatchObject([{ code: 'E602', pointer: '/rules/1' }])
  })
})

describe('patterns that are right', () => {
  const a = { as: 'a', if: 'price > 1' }
  const b = { as: 'b', if: 'price > 2' }
  const not = { if: 'price < 1' }

  test.each([
    ['within as long as renew', patternRule([a, b], { within: '1h' })],
    ['longer with a longer renew', patternRule([a, b], { within: '2h' }, { renew: '6h' })],
    ['not after a looping step', patternRule([{ ...a, times: [1, null] }, { not }, b])],
    [
      'not for as long as within',
      patternRule([
        { ...a, times: 2 },
        { not, for: '10s' },
      ]),
    ],
    ['greedy before a step', patternRule([{ ...a, times: [1, null], greedy: true }, b])],
    ['optional but one', patternRule([{ ...a, optional: true }, b])],
    ['as often as can be', patternRule([{ ...a, times: [4096, 4096] }, b], { maxPartials: 1 })],
    [
      'any, all, and a skip to one of them',
      patternRule(
        [
          { any: [a, b] },
          {
            all: [
              { ...a, as: 'c' },
              { ...b, as: 'd' },
            ],
          },
        ],
        { skip: { toLast: 'd' } },
      ),
    ],
  ])('%s', (_, rule) => {
    expect(told(rule)).toEqual([])
  })
})

describe('a rule set', () => {
  const reads = (id: string, type: string) =>
    whenRule({
      id,
      on: 'match',
      where: `type == '${type}'`,
      when: "severity == 'info'",
      emit: { type: id.toUpperCase() },
    })

  test('is judged rule by rule, each with its place in the set', () => {
    const rules = [whenRule({ id: 'a' }), whenRule({ id: 'b', when: 'pric > 1' })]
    const shadow = [whenRule({ id: 'a', version: 2, when: 'price' })]
    const { diagnostics } = validateRuleSet({ rules, shadow }, EMPTY_WORLD)
    expect(diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'E102 /rules/1/when',
      'E105 /shadow/0/when',
    ])
  })

  test('holds what its rules hold, shadows too', () => {
    const one = validateRule(whenRule(), EMPTY_WORLD).bound?.bytes ?? 0
    const set = { rules: [whenRule({ id: 'a' }), whenRule({ id: 'b' })], shadow: [whenRule({ id: 'a' })] }
    expect(validateRuleSet(set, EMPTY_WORLD)).toEqual({ diagnostics: [], bytes: 3 * one })
  })

  test('has no rules that read each other', () => {
    const { diagnostics } = validateRuleSet({ rules: [reads('a', 'B'), reads('b', 'A')], shadow: [] }, EMPTY_WORLD)
    expect(diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(['E207 /rules'])
    expect(validateRuleSet({ rules: [reads('a', 'B'), reads('b', 'C')], shadow: [] }, EMPTY_WORLD).diagnostics).toEqual(
      [],
    )
  })
})
