import { MICROS_PER_MINUTE, type Micros } from './time.ts'

/** Where a dead letter belongs; `reason` is one of a bounded set, never a text with values in it. */
export type LetterClass = { readonly topic: string; readonly stage: string; readonly reason: string }

type Spent = { readonly minute: number; readonly inMinute: number; readonly beyond: number }

/** What each class of letters has spent; keys by class. Owned by its budget and changed in place. */
export type LetterBudget = Map<string, Spent>

export const LETTERS_A_MINUTE = 100
export const BEYOND_ONE_IN = 1000

/** Classes beyond this share one budget: a reason that is not bounded after all must not fill the memory. */
const MAX_CLASSES = 1000
const OTHER = 'other'

export const emptyLetterBudget = (): LetterBudget => new Map()

/**
 * Whether a dead letter is kept whole: the first 100 of its class in a minute, then one in 1,000. Mutates `budget`.
 *
 * The caller counts every letter, kept or not.
 */
export function letterBudget(
  budget: LetterBudget,
  { topic, stage, reason }: LetterClass,
  time: Micros,
): readonly [LetterBudget, boolean] {
  const named = `${topic} ${stage} ${reason}`
  const key = budget.has(named) || budget.size < MAX_CLASSES ? named : OTHER
  const minute = Math.floor(time / MICROS_PER_MINUTE)
  const spent = budget.get(key)
  if (spent === undefined || spent.minute !== minute) {
    budget.set(key, { minute, inMinute: 1, beyond: spent?.beyond ?? 0 })
    return [budget, true]
  }
  if (spent.inMinute < LETTERS_A_MINUTE) {
    budget.set(key, { ...spent, inMinute: spent.inMinute + 1 })
    return [budget, true]
  }
  const beyond = spent.beyond + 1
  budget.set(key, { ...spent, beyond })
  return [budget, beyond % BEYOND_ONE_IN === 0]
}
