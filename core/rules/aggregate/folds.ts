import type { Arithmetic } from './arithmetic.ts'

/** Sums made at reading, kept until what they are made of changes. Plain data. */
export type Folds = { readonly sums: Map<string, object>; readonly numbers: Map<string, number> }

export const noFolds = (): Folds => ({ sums: new Map(), numbers: new Map() })

export function forgetFolds({ sums, numbers }: Folds): void {
  sums.clear()
  numbers.clear()
}

/** The sum of that name, made if it is not known. */
export function foldOf({ sums }: Folds, name: string, make: () => object): object {
  const known = sums.get(name)
  if (known !== undefined) return known
  const sum = make()
  sums.set(name, sum)
  return sum
}

/** A list is sorted once and not at each reading; `name` says what is asked for of it. */
export function numberOf(
  { isList, number }: Arithmetic,
  { numbers }: Folds,
  name: string,
  sum: object,
  from: number,
  to: number,
): number {
  if (!isList) return number(sum, from, to)
  const known = numbers.get(name)
  if (known !== undefined) return known
  const found = number(sum, from, to)
  numbers.set(name, found)
  return found
}
