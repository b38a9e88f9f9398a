import type { Rule } from '../../core/rules/document.ts'
import { EXCHANGES, SYMBOLS } from '../streams/events.ts'

export const JOBS = ['J1', 'J2', 'J2H', 'J3', 'J4'] as const
export type Job = (typeof JOBS)[number]

/** Events of each job and the matches in them, as arbitrage.md section 9 states them; two programs and Esper agree. */
export const COUNTS: Readonly<Record<Job, { readonly events: number; readonly matches: number }>> = {
  J1: { events: 2_000_000, matches: 58_064 },
  J2: { events: 2_000_000, matches: 1924 },
  J2H: { events: 600_000, matches: 5702 },
  J3: { events: 2_000_000, matches: 376_207 },
  J4: { events: 2_000_000, matches: 217_985 },
}

/** As the generator's numbers are called in a rule. */
export const symbolOf = (symbol: number): string => `S${symbol}-USD`
export const exchangeOf = (exchange: number): string => `x${exchange}`

const rule = (id: string, more: Pick<Rule, 'on' | 'let' | 'when' | 'where' | 'pattern' | 'edge'>): Rule => ({
  id,
  version: 1,
  name: id,
  enabled: true,
  by: ['symbol'],
  severity: 'info',
  emit: { type: 'BENCH' },
  // The jobs begin with nothing and speak from the first event on.
  onUpdate: 'reset',
  ...more,
})

/** The jobs of arbitrage.md section 9 as rules. */
export const RULES: Readonly<Record<Job, readonly Rule[]>> = {
  J1: [
    rule('j1', {
      on: 'trade',
      let: {
        n: { agg: 'count', of: 'price', over: { sliding: '60s' } },
        m: { agg: 'mean', of: 'price', over: { sliding: '60s' } },
        s: { agg: 'sd', of: 'price', over: { sliding: '60s' } },
      },
      when: 'n >= 30 && abs(price - m) > 3 * s',
      edge: 'every',
    }),
  ],
  J2: [follows('j2', 990, 1.0005, 0.9995, '5s', 64)],
  J2H: [follows('j2h', 500, 1.002, 0.998, '60s', 4096)],
  J3: pairs().flatMap(([own, other]) => [
    // The document's two directions of one pair are two matches, so two rules.
    against(`j3-sell-${own}-${other}`, own, { other, of: 'ask * 1.0005', when: 'bid * 0.9995 > theirs' }),
    against(`j3-buy-${own}-${other}`, own, { other, of: 'bid * 0.9995', when: 'theirs > ask * 1.0005' }),
  ]),
  J4: Array.from({ length: 1000 }, (_, i) =>
    rule(`j4-${i}`, {
      on: 'trade',
      when: `symbol == '${symbolOf(i % SYMBOLS)}' && price > ${1_000_000 + 500 * Math.floor(i / SYMBOLS)} && size > 900`,
      edge: 'every',
    }),
  ),
}

/** J2 and J2H: a large trade, then one above `up` times its price, and not before it one below `down` times. */
function follows(id: string, size: number, up: number, down: number, within: string, maxPartials: number): Rule {
  return rule(id, {
    on: 'trade',
    pattern: {
      within,
      skip: 'none',
      maxPartials,
      steps: [
        { as: 'a', if: `size > ${size}` },
        { not: { if: `price < a.price * ${down}` } },
        { as: 'b', if: `price > a.price * ${up}` },
      ],
    },
  })
}

type Against = { readonly other: number; readonly of: string; readonly when: string }

/** A quote of one exchange against the last one of another. Nothing is forgotten: the events take less than the window. */
function against(id: string, own: number, { other, of, when }: Against): Rule {
  const last = { agg: 'last', of, where: `exchange == '${exchangeOf(other)}'`, over: { sliding: '10m' } } as const
  return rule(id, {
    on: 'quote',
    let: { theirs: last },
    when: `exchange == '${exchangeOf(own)}' && ${when}`,
    edge: 'every',
  })
}

function pairs(): readonly (readonly [own: number, other: number])[] {
  const all = Array.from({ length: EXCHANGES }, (_, exchange) => exchange)
  return all.flatMap((own) => all.filter((other) => other !== own).map((other) => [own, other] as const))
}
