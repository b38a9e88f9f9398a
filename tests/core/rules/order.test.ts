import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { orderOf } from '../../../core/rules/order.ts'
import type { Rule } from '../../../core/rules/document.ts'
import { readRule } from '../../../core/rules/read/read.ts'
import { patternRule, whenRule } from './documents.ts'

function ruleOf(document: unknown): Rule {
  const read = readRule(document)
  if (!('rule' in read)) throw new TypeError(JSON.stringify(read.diagnostics))
  return read.rule
}

/** Emits a type named after itself. */
const source = (id: string): Rule => ruleOf(whenRule({ id, emit: { type: id.toUpperCase() } }))
const reader = (id: string, where: string | undefined, more: Readonly<Record<string, unknown>> = {}): Rule =>
  ruleOf(
    whenRule({
      id,
      on: 'match',
      when: "severity == 'critical'",
      emit: { type: id.toUpperCase() },
      ...(where === undefined ? {} : { where }),
      ...more,
    }),
  )

const idsOf = (rules: readonly Rule[]): readonly string[] => {
  const order = orderOf(rules)
  return 'order' in order ? order.order.map(({ id }) => id) : ['cycle', ...order.cycle]
}
const readBy = (id: string, rules: readonly Rule[]): readonly string[] => {
  const order = orderOf(rules)
  return 'reads' in order ? [...(order.reads.get(id) ?? [])] : []
}

describe('the order of rules', () => {
  test('puts those whose matches are read before those that read them, ties by id', () => {
    const rules = [reader('a', "type == 'C'"), source('d'), reader('c', "type == 'B'"), source('b')]
    expect(idsOf(rules)).toEqual(['b', 'c', 'a', 'd'])
    expect(readBy('a', rules)).toEqual(['c'])
  })

  test('is the same in whatever order the rules come', () => {
    const rules = [
      reader('a', "type == 'C'"),
      source('d'),
      reader('c', "type in ['B', 'D']"),
      source('b'),
      reader('e', undefined),
    ]
    const order = idsOf(rules)
    fc.assert(
      fc.property(fc.shuffledSubarray(rules, { minLength: rules.length }), (some) => {
        expect(idsOf(some)).toEqual(order)
      }),
    )
  })

  test('names the rules of a cycle', () => {
    expect(
      idsOf([reader('a', "type == 'B'"), reader('b', "type == 'C'"), reader('c', "type == 'A'"), source('d')]),
    ).toEqual(['cycle', 'a', 'b', 'c'])
    expect(idsOf([reader('a', "ruleId == 'a'")])).toEqual(['cycle', 'a'])
  })
})

describe('whose matches a rule is given', () => {
  const others = [source('p'), source('q')]

  test('all but its own, if it asks for none in particular', () => {
    expect(readBy('r', [...others, reader('r', undefined)])).toEqual(['p', 'q'])
    expect(readBy('p', [...others, reader('r', undefined)])).toEqual([])
  })

  test('those of the types and ids that `where` asks for', () => {
    expect(readBy('r', [...others, reader('r', "type == 'P' && severity == 'critical'")])).toEqual(['p'])
    expect(readBy('r', [...others, reader('r', "ruleId in ['q', 'z']")])).toEqual(['q'])
    expect(readBy('r', [...others, reader('r', "type == 'P' && ruleId == 'q'")])).toEqual([])
  })

  test('what `when` asks for narrows nothing: other matches make it false, and that ends a firing', () => {
    expect(readBy('r', [...others, reader('r', undefined, { when: "type == 'P'" })])).toEqual(['p', 'q'])
    expect(readBy('r', [...others, reader('r', undefined, { when: "type == 'P'", edge: 'every' })])).toEqual(['p'])
  })

  test('of a pattern, those that a step may take; all that come between where steps follow directly', () => {
    const follows = (follow: string) =>
      ruleOf(
        patternRule(
          [
            { as: 'a', on: 'match', if: "type == 'P'" },
            { as: 'b', on: 'trade', if: 'price > 1', follow },
          ],
          {},
          { id: 'r', on: ['match', 'trade'] },
        ),
      )
    expect(readBy('r', [...others, follows('followed')])).toEqual(['p'])
    expect(readBy('r', [...others, follows('next')])).toEqual(['p', 'q'])
  })

  test('of a pattern, also those that a `not` waits for', () => {
    const guarded = ruleOf(
      patternRule(
        [{ as: 'a', if: "type == 'P'" }, { not: { if: "type == 'Q'" } }, { as: 'b', if: "type == 'P'" }],
        {},
        {
          id: 'r',
          on: 'match',
        },
      ),
    )
    expect(readBy('r', [...others, guarded])).toEqual(['p', 'q'])
  })

  test('of a pattern, also those that end a step, and all where `prev` looks back', () => {
    const ended = (more: Readonly<Record<string, unknown>>) =>
      ruleOf(
        patternRule(
          [
            { as: 'a', if: "type == 'P'", times: [1, null], ...more },
            { as: 'b', if: "type == 'P'" },
          ],
          {},
          {
            id: 'r',
            on: 'match',
          },
        ),
      )
    expect(readBy('r', [...others, ended({})])).toEqual(['p'])
    expect(readBy('r', [...others, ended({ until: "type == 'Q'" })])).toEqual(['p', 'q'])
    expect(readBy('r', [...others, ended({ if: "type == 'P' && prev(type) == 'Q'" })])).toEqual(['p', 'q'])
  })

  test('of an aggregate over matches, those that pass its own `where`', () => {
    const counts = { n: { agg: 'count', on: 'match', where: "type == 'Q'", over: { sliding: '60s' } } }
    const rule = ruleOf(whenRule({ id: 'r', let: counts, when: 'n > 3' }))
    expect(readBy('r', [...others, rule])).toEqual(['q'])
  })
})
