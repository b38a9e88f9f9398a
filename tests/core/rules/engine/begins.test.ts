import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '../../../../core/rules/document.ts'
import { compileRule } from '../../../../core/rules/compile/compile.ts'
import { horizonsOf } from '../../../../core/rules/horizon.ts'
import { control, row, rule, run, trade, type Row } from './rig.ts'

/** Lengths that tie with each other, with pauses of the log and with renewals. */
const LENGTHS = ['1s', '3s', '10s', '45s', '2m', '7m'] as const
const length = fc.constantFrom(...LENGTHS)
const price = fc.integer({ min: 98, max: 104 })
/** Most overlap, and some hold always: what fires may be released at once, what is released may fire again, for hours. */
const condition = fc
  .tuple(
    fc.constantFrom('price <', 'price >', 'price >=', 'price !=', 'm <', 'm >', 'n >'),
    fc.integer({ min: 97, max: 105 }),
  )
  .map(([left, bound]) => (left === 'n >' ? `n > ${bound - 97}` : `${left} ${bound}`))
const some = <One>(one: fc.Arbitrary<One>): fc.Arbitrary<One | undefined> => fc.option(one, { nil: undefined })

const whenRule = fc
  .record({
    when: condition,
    edge: fc.constantFrom('rising' as const, 'rising' as const, 'change' as const, 'every' as const),
    hold: some(length),
    release: some(
      fc
        .record({ when: some(condition), after: some(length) })
        .filter(({ when, after }) => when !== undefined || after !== undefined),
    ),
  })
  .map(({ when, edge, hold, release }) => (edge === 'every' ? { when, edge } : { when, edge, hold, release }))

/** Goes round for ever: fires after `hold`, and is released by what made it fire. */
const roundRule = fc
  .record({ hold: length, after: some(length) })
  .map(({ hold, after }) => ({ when: 'price > 97', hold, release: { when: 'price < 105', after } }))

const step = (as: string) =>
  fc
    .record({
      if: condition.map((one) => one.replace(/[mn] /u, 'price ')),
      follow: fc.constantFrom('next' as const, 'followed' as const, 'any' as const),
      times: some(fc.constantFrom<number | [number, number | null]>(2, [1, 3], [1, null])),
      until: some(fc.constantFrom('price > 103', 'price < 99')),
      gap: some(length),
    })
    .map(({ times, until, ...one }) => ({ as, ...one, ...(times !== undefined && { times, until }) }))
const patternRule = fc
  .record({
    within: length,
    skip: fc.constantFrom('none', 'to-next', 'past-last', { toLast: 'b' }, { toFirst: 'b' }),
    maxPartials: fc.constantFrom(2, 5, 64),
    onTimeout: fc.boolean(),
    steps: fc
      .tuple(step('a'), step('b'), step('c'), fc.constantFrom('all', 'all', 'guarded', 'absent'))
      .map(([a, b, c, kind]): readonly object[] => {
        if (kind === 'guarded') return [a, { not: { if: 'price < 98.5' } }, b]
        const once = [a, b].map((one) => ({ as: one.as, if: one.if, follow: one.follow }))
        return kind === 'absent' ? [...once, { not: { if: 'price > 102' }, for: '1s' }] : [a, b, c]
      }),
  })
  .map((pattern) => ({ pattern }))

const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    body: fc.oneof(
      { weight: 3, arbitrary: whenRule },
      { weight: 1, arbitrary: roundRule },
      { weight: 1, arbitrary: patternRule },
    ),
    by: fc.constantFrom<Rule['by']>(['symbol'], ['exchange', 'symbol']),
    cooldown: some(
      fc.record({
        for: length,
        max: some(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('1m', '5m', '15m'))),
      }),
    ),
    events: fc.constantFrom(0, 2),
  })
  .map(({ body, by, cooldown, events }) =>
    document({
      ...rule({ id: 'x' }),
      by,
      let: {
        m: { agg: 'mean', of: 'price', over: { sliding: '10s' } },
        n: { agg: 'count', over: { session: '10s', max: '10m' } },
      },
      ...body,
      cooldown,
      renew: '15m',
      severity: { cases: [{ if: 'm > 101', then: 'critical' }], else: 'info' },
      emit: { type: 'X', fields: { m: 'm' }, evidence: { events } },
    }),
  )
  .filter((one) => 'program' in compileRule(one, () => 0))

/** As documents are: without the keys that have no value. */
function document(one: object): Rule {
  const found: Rule = JSON.parse(JSON.stringify(one))
  return found
}

const PAUSES = [[5], [4, 6, 9], [3, 11, 45], [0, 1, 2], [0.25, 200]] as const
/** Stretches: of one price for long, of prices that change; of some logs every one has its own pauses. */
const stretches = fc
  .tuple(
    fc.option(fc.constantFrom(...PAUSES.slice(0, 3)), { freq: 3 }),
    fc.array(
      fc.record({
        records: fc.integer({ min: 20, max: 150 }),
        pauses: fc.constantFrom(...PAUSES),
        prices: fc.uniqueArray(price, { minLength: 1, maxLength: 4 }),
        seed: fc.nat(),
      }),
      { minLength: 8, maxLength: 14, size: 'max' },
    ),
  )
  .map(([pauses, all]) => all.map((one) => ({ ...one, pauses: pauses ?? one.pauses })))
type Stretch = {
  readonly records: number
  readonly pauses: readonly number[]
  readonly prices: readonly number[]
  readonly seed: number
}

const TEN_MINUTES = 600

function rowsOf(all: readonly Stretch[], rules: readonly Rule[]): readonly Row[] {
  const rows: Row[] = []
  let now = 0.5
  let due = 0
  for (const { records, pauses, prices, seed } of all) {
    let random = seed
    const next = (): number => (random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0) >>> 8
    for (let i = 0; i < records; i++) {
      const until = now + (pauses[next() % pauses.length] ?? 1)
      for (; due <= until; due += TEN_MINUTES) rows.push(control(Math.max(now, due), rules, { epoch: 1 }))
      now = until
      const exchange = next() % 4 === 0 ? 'gate' : 'kraken'
      rows.push(row(now, trade(now, { price: prices[next() % prices.length] ?? 100, exchange })))
    }
  }
  return rows
}

/** What each rule wrote from `after` of T on, by rule. */
function written(rows: readonly Row[], after: (id: string) => number): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {}
  for (const { ruleId, evidence, ...match } of run(rows).matches)
    if (match.at > after(ruleId))
      (found[ruleId] ??= []).push(JSON.stringify([match, evidence.map(({ at, symbol }) => [at, symbol])]))
  return found
}

test('whatever the rule, a run that begins later writes the same from the horizon on', { timeout: 60_000 }, () => {
  let compared = 0
  fc.assert(
    fc.property(
      fc.array(anyRule, { minLength: 12, maxLength: 12 }),
      stretches,
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 2 }),
      (bodies, all, percents) => {
        const rules = bodies.map((one, index) => ({ ...one, id: `r${index + 10}` }))
        const rows = rowsOf(all, rules)
        const horizons = horizonsOf(rules)
        for (const percent of percents) {
          const from = Math.ceil((rows.length * percent) / 100)
          const began = rows[from]?.now ?? 0
          const after = (id: string): number => began + (horizons.get(id) ?? 0)
          const whole = written(rows, after)
          compared += Object.values(whole).flat().length
          expect(written(rows.slice(from), after)).toEqual(whole)
        }
      },
    ),
    { numRuns: 15 },
  )
  expect(compared).toBeGreaterThan(1000)
})
