import type { Rule } from '../document.ts'
import type { Program } from '../program.ts'

/** What a test of a rule expected, what it got; `test` is its place in the list. */
export type FailedTest = { readonly test: number; readonly expected: string; readonly got: string }

/** What the check of a rule must know of all around it. */
export type World = {
  /** The other rules that are active or to be active with it; one of the same id is left out of account. */
  readonly others: readonly Rule[]
  /** All versions of the same id that were ever stored; `undefined`: not known, nothing is checked against them. */
  readonly versions: readonly Rule[] | undefined
  /** The version now active, which `onUpdate: keep` goes on from. */
  readonly active: Rule | undefined
  /** Configured symbols by exchange. */
  readonly exchanges: ReadonlyMap<string, readonly string[]>
  readonly partitions: number
  /** Pairs of the statistical arbitrage, such as 'BTC-USDT/ETH-USDT'. */
  readonly pairs: readonly string[]
  readonly quotaBytes: number
  readonly horizonMicros: number
  /** Names of the webhooks that actions may name; `undefined`: any. */
  readonly webhooks: readonly string[] | undefined
  /** Commands that actions may name, with the arguments that each takes and needs; `undefined`: any. */
  readonly commands: ReadonlyMap<string, readonly string[]> | undefined
  /** Runs the rule's tests; without it they are not run. */
  readonly runTests: ((rule: Rule, program: Program) => readonly FailedTest[]) | undefined
}

const MEBIBYTE = 1024 * 1024
const HOUR_MICROS = 3_600_000_000

/** Nothing known of the world around: limits alone. */
export const EMPTY_WORLD: World = {
  others: [],
  versions: undefined,
  active: undefined,
  exchanges: new Map(),
  partitions: 1,
  pairs: [],
  quotaBytes: 64 * MEBIBYTE,
  horizonMicros: 25 * HOUR_MICROS,
  webhooks: undefined,
  commands: undefined,
  runTests: undefined,
}
