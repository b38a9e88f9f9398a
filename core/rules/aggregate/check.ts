import type { Aggregate, AggregateName } from '../document.ts'
import type { Expression, NumberType, Type } from '../frame.ts'
import type { Problem } from './span.ts'

type Rule = {
  /** Types of the expressions of `of`; two lists: it may be left out. */
  readonly of: readonly (readonly Type[])[]
  readonly optional?: true
  readonly result: (types: readonly Type[]) => NumberType | 'string'
}

const NUMBER = ['number'] as const
const LENGTHS = ['number', 'duration'] as const
const ORDERED = ['number', 'duration', 'time'] as const
const VALUES = ['number', 'duration', 'time', 'string'] as const
const ANY = ['number', 'duration', 'time', 'string', 'bool'] as const

const number = (): NumberType => 'number'
const same = ([type = 'number']: readonly Type[]): NumberType | 'string' => (type === 'bool' ? 'number' : type)
const second = ([, ...types]: readonly Type[]): NumberType | 'string' => same(types)
/** Of the distance between two values. */
const distance = ([type]: readonly Type[]): NumberType =>
  type === 'time' || type === 'duration' ? 'duration' : 'number'

const RULES: Readonly<Record<AggregateName, Rule>> = {
  count: { of: [ANY], optional: true, result: number },
  rate: { of: [ANY], optional: true, result: number },
  sum: { of: [LENGTHS], result: same },
  mean: { of: [ORDERED], result: same },
  var: { of: [NUMBER], result: number },
  sd: { of: [ORDERED], result: distance },
  vwap: { of: [NUMBER, NUMBER], result: number },
  twap: { of: [LENGTHS], result: same },
  min: { of: [ORDERED], result: same },
  max: { of: [ORDERED], result: same },
  first: { of: [VALUES], result: same },
  last: { of: [VALUES], result: same },
  delta: { of: [ORDERED], result: distance },
  argmin: { of: [ORDERED, VALUES], result: second },
  argmax: { of: [ORDERED, VALUES], result: second },
  median: { of: [ORDERED], result: same },
  quantile: { of: [ORDERED], result: same },
  distinct: { of: [VALUES], result: number },
  corr: { of: [NUMBER, NUMBER], result: number },
  beta: { of: [NUMBER, NUMBER], result: number },
  slope: { of: [NUMBER], result: number },
  ema: { of: [LENGTHS], result: same },
}

const TEXTS: Readonly<Record<Type, string>> = {
  number: 'a number',
  time: 'a time',
  duration: 'a duration',
  string: 'a text',
  bool: 'true or false',
}

/** What `of`, `arg` and `seed` say is checked; the type of the value. `of` of a series is the one type of its values. */
export function checkAggregate(
  { agg, of: written, arg, seed }: Aggregate,
  of: readonly Pick<Expression, 'type'>[],
  problems: Problem[],
): NumberType | 'string' {
  const rule = RULES[agg]
  const wrong = (code: string, pointer: string, message: string): void => {
    problems.push({ code, pointer, message })
  }
  if (of.length !== rule.of.length && !(rule.optional === true && of.length === 0))
    wrong(
      'E302',
      '/of',
      rule.of.length === 2
        ? `${agg} is of two expressions: ["…","…"]`
        : `${agg} is of one expression${of.length === 0 ? ", such as 'price'" : ', not two'}`,
    )
  else
    for (const [index, { type }] of of.entries()) {
      const allowed = rule.of[index] ?? []
      if (!allowed.includes(type))
        wrong(
          'E302',
          typeof written === 'string' || written === undefined ? '/of' : `/of/${index}`,
          `${agg} is of ${allowed.map((one) => TEXTS[one]).join(' or ')}; this is ${TEXTS[type]}`,
        )
    }
  if (agg === 'quantile') {
    if (arg === undefined || !(arg >= 0 && arg <= 1))
      wrong('E303', '/arg', `quantile needs an arg from 0 to 1${arg === undefined ? '' : `, not ${arg}`}`)
  } else if (agg === 'ema') {
    if (arg === undefined || !(arg > 0 && Number.isFinite(arg)))
      wrong(
        'E303',
        '/arg',
        `ema needs an arg above 0, its length in values${arg === undefined ? '' : `; this is ${arg}`}`,
      )
  } else if (arg !== undefined) wrong('E303', '/arg', `${agg} takes no arg`)
  if (agg !== 'ema' && seed !== undefined) wrong('E303', '/seed', `${agg} takes no seed, ema does`)
  return rule.result(of.map(({ type }) => type))
}
