import { MICROS_PER_SECOND } from '../../time.ts'
import { SUM, vwap, WEIGHTED, type Aggregate } from '../../windows/aggregate.ts'
import { betaOf, CO_MOMENTS, correlationOf, MOMENTS, slopeTime, type CoMoments } from '../../windows/moments.ts'
import type { Aggregate as Written } from '../document.ts'
import { arithmetic, type Arithmetic, type Definition } from './arithmetic.ts'
import { EDGES, foremost, TIMED, type Timed } from './item-sums.ts'
import { distinctList, quantileList } from './lists.ts'
import type { Item } from './item.ts'

const orAbsent = (x: number | undefined): number => x ?? Number.NaN

const COUNT: Aggregate<{ readonly n: number }, Item> = {
  empty: { n: 0 },
  add: ({ n }) => ({ n: n + 1 }),
  merge: (older, newer) => ({ n: older.n + newer.n }),
}
const count = (number: (n: number, seconds: number) => number): Arithmetic =>
  arithmetic({
    share: 'count',
    aggregate: COUNT,
    of: (item) => item,
    number: ({ n }, from, to) => number(n, (to - from) / MICROS_PER_SECOND),
  })

const moments = (number: (n: number, mean: number, squares: number, seconds: number) => number): Arithmetic =>
  arithmetic({
    share: 'moments',
    aggregate: MOMENTS,
    of: ({ a }) => a,
    number: ({ n, mean, squares }, from, to) => number(n, mean, squares, (to - from) / MICROS_PER_SECOND),
  })

const coMoments = (
  share: string,
  of: Definition<CoMoments, { y: number; x: number }>['of'],
  number: (sum: CoMoments) => number | undefined,
): Arithmetic => arithmetic({ share, aggregate: CO_MOMENTS, of, number: (sum) => orAbsent(number(sum)) })
const pair = ({ a, b }: Item): { y: number; x: number } => ({ y: a, x: b })

const extreme = (sign: 1 | -1, of: 'a' | 'b'): Arithmetic =>
  arithmetic({
    share: sign === 1 ? 'greatest' : 'least',
    aggregate: foremost(sign),
    of: (item) => ({ ...item }),
    number: ({ item }) => (item === undefined ? Number.NaN : item[of]),
    text: ({ item }) => item?.text,
  })

const edges = (which: 'first' | 'last' | 'delta'): Arithmetic =>
  arithmetic({
    share: 'edges',
    aggregate: EDGES,
    of: (item) => ({ ...item }),
    number: ({ first, last }) =>
      first === undefined || last === undefined
        ? Number.NaN
        : which === 'delta'
          ? last.a - first.a
          : which === 'first'
            ? first.a
            : last.a,
    text: ({ first, last }) => (which === 'first' ? first?.text : last?.text),
  })

const twap = ({ t1, tn, vn, area }: Timed, to: number): number => (area + vn * (to - tn)) / (to - t1)

/** v ← x·(2/(1+j)) + v·(1 − 2/(1+j)), oldest first; it has no sum that could be merged. */
function ema(j: number, seed: 'first' | 'zero'): Arithmetic {
  const weight = 2 / (1 + j)
  const rest = 1 - weight
  return arithmetic({
    share: `ema ${j} ${seed}`,
    aggregate: {
      empty: { n: 0, v: 0 },
      add: ({ n, v }, x: number) => ({ n: n + 1, v: n === 0 && seed === 'first' ? x : x * weight + v * rest }),
      merge: (older, newer) => (newer.n === 0 ? older : newer),
    },
    of: ({ a }) => a,
    number: ({ n, v }) => (n < 1 ? Number.NaN : v),
    merges: false,
  })
}

/** How an aggregate is summed. `isCounted`: values of `of` are numbers, so that a count can share the state of their mean. */
export function arithmeticOf({ agg, arg = 0, seed = 'first' }: Written, isCounted: boolean): Arithmetic {
  switch (agg) {
    case 'count':
      return isCounted ? moments((n) => n) : count((n) => n)
    case 'rate':
      return isCounted ? moments((n, _mean, _squares, seconds) => n / seconds) : count((n, seconds) => n / seconds)
    case 'sum':
      return arithmetic({ share: 'sum', aggregate: SUM, of: ({ a }) => a, number: ({ sum }) => sum })
    case 'mean':
      return moments((n, mean) => (n < 1 ? Number.NaN : mean))
    case 'var':
      return moments((n, _mean, squares) => (n < 2 ? Number.NaN : squares / (n - 1)))
    case 'sd':
      return moments((n, _mean, squares) => (n < 2 ? Number.NaN : Math.sqrt(squares / (n - 1))))
    case 'vwap':
      return arithmetic({
        share: 'weighted',
        aggregate: WEIGHTED,
        of: ({ a, b }) => ({ price: a, size: b }),
        number: (sum) => orAbsent(vwap(sum)),
      })
    case 'twap':
      return arithmetic({
        share: 'timed',
        aggregate: TIMED,
        of: ({ at, a }) => ({ at, a }),
        number: (sum, _from, to) => (sum.n < 1 || to <= sum.t1 ? Number.NaN : twap(sum, to)),
      })
    case 'min':
      return extreme(-1, 'a')
    case 'max':
      return extreme(1, 'a')
    case 'argmin':
      return extreme(-1, 'b')
    case 'argmax':
      return extreme(1, 'b')
    case 'first':
    case 'last':
    case 'delta':
      return edges(agg)
    case 'corr':
      return coMoments('paired', pair, correlationOf)
    case 'beta':
      return coMoments('paired', pair, betaOf)
    case 'slope':
      return coMoments('trend', ({ at, a }) => ({ y: a, x: slopeTime(at) }), betaOf)
    case 'ema':
      return ema(arg, seed)
    case 'median':
      return quantileList(0.5)
    case 'quantile':
      return quantileList(arg)
    case 'distinct':
      return distinctList()
  }
}
