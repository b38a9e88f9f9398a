import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRule } from '../../../../core/rules/compile/compile.ts'
import type { Rule } from '../../../../core/rules/document.ts'
import type { Guard } from '../../../../core/rules/program.ts'
import { MICROS_PER_SECOND } from '../../../../core/time.ts'
import { control, NOON, row, rule, run, trade, type Row } from './rig.ts'
import { byTheTable, type Priced, type Terms } from './table.ts'

const MINUTE = 60
const START = NOON / MICROS_PER_SECOND

const terms: fc.Arbitrary<Terms> = fc.record({
  edge: fc.constantFrom('rising', 'change'),
  hold: fc.constantFrom(0, 0, 3, 60, 400),
  release: fc.option(
    fc
      .record({ below: fc.constantFrom(undefined, 99, 100.5, 102), after: fc.constantFrom(0, 5, 300) })
      .filter(({ below, after }) => below !== undefined || after > 0),
    { nil: undefined },
  ),
  cooldown: fc.option(
    fc.record({
      for: fc.constantFrom(1, 20, 2000),
      max: fc.option(fc.record({ count: fc.integer({ min: 1, max: 3 }), period: fc.constantFrom(60, 300) }), {
        nil: undefined,
      }),
    }),
    { nil: undefined },
  ),
  renew: fc.constant(15 * MINUTE),
})
const every: fc.Arbitrary<Terms> = terms.map((one) => ({ ...one, edge: 'every', hold: 0, release: undefined }))

/** Pauses of seconds and of minutes, so that holds are met and broken and renewals fall anywhere. */
const records: fc.Arbitrary<readonly Priced[]> = fc
  .array(
    fc.record({
      pause: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 500 })),
      price: fc.constantFrom(98, 100, 101, 103),
    }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((all) => {
    let at = START
    return all.map(({ pause, price }) => ({ at: (at += pause), price }))
  })

const document = ({ edge, hold, release, cooldown }: Terms): Rule => {
  const max = cooldown?.max
  return rule({
    id: 'r',
    when: 'price > 100',
    edge,
    renew: '15m',
    ...(hold > 0 && { hold: `${hold}s` }),
    ...(release && {
      release: {
        ...(release.below !== undefined && { when: `price < ${release.below}` }),
        ...(release.after > 0 && { after: `${release.after}s` }),
      },
    }),
    ...(cooldown && {
      cooldown: { for: `${cooldown.for}s`, ...(max && { max: [max.count, `${max.period}s`] as const }) },
    }),
  })
}

const rowOf =
  (symbol: string) =>
  ({ at, price }: Priced): Row =>
    row(at - START, trade(at - START, { price, symbol }))

test('a key is what the table of section 9 says', () => {
  fc.assert(
    fc.property(fc.oneof(terms, every), records, (one, all) => {
      const { matches } = run([control(0, [document(one)]), ...all.map(rowOf('BTC-USDT'))])
      const told = matches.map(({ phase, reason, at, suppressed }) => ({
        what: `${phase}${reason === undefined ? '' : `(${reason})`}`,
        at: at / MICROS_PER_SECOND,
        suppressed,
      }))
      expect(told).toEqual(byTheTable(one, all, START))
    }),
    { numRuns: 500 },
  )
})

test('without `hold` the index may pass over events at which the condition is false, whatever the edge', () => {
  const above: Guard = { kind: 'above', field: 'price', bound: 100 }
  const compile: typeof compileRule = (one, allot) => {
    const compiled = compileRule(one, allot)
    return 'program' in compiled ? { program: { ...compiled.program, guards: [above] } } : compiled
  }
  fc.assert(
    fc.property(fc.oneof(terms, every), records, records, (one, first, second) => {
      const rows = [...first.map(rowOf('BTC-USDT')), ...second.map(rowOf('ETH-USDT'))]
      const all = [control(0, [document({ ...one, hold: 0 })]), ...rows.toSorted((a, b) => a.now - b.now)]
      expect(run(all, { compile }).outputs).toEqual(run(all).outputs)
    }),
    { numRuns: 100 },
  )
})

test('keys do not see each other', () => {
  fc.assert(
    fc.property(terms, records, records, (one, first, second) => {
      const rows = [
        ...first.map((each) => ({ at: each.at, row: rowOf('BTC-USDT')(each) })),
        ...second.map((each) => ({ at: each.at, row: rowOf('ETH-USDT')(each) })),
      ]
      const end = Math.max(...rows.map(({ at }) => at)) - START
      const both = run([control(0, [document(one)]), ...rows.toSorted((a, b) => a.at - b.at).map((each) => each.row)])
      const alone = run([control(0, [document(one)]), ...first.map(rowOf('BTC-USDT')), row(end)])
      const brief = (all: typeof both): unknown =>
        all.matches
          .filter(({ symbol }) => symbol === 'BTC-USDT')
          .map(({ phase, reason, at, suppressed }) => [phase, reason, at, suppressed])
      expect(brief(both)).toEqual(brief(alone))
    }),
    { numRuns: 100 },
  )
})
