import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Logged } from '../../core/processor.ts'
import { LAW_NAMES, LAWS, type LawName, type Subject } from './processor-laws.ts'
import { seeded } from './seeded.ts'

export type Contract<State, In, Out, Case> = {
  readonly subject: Subject<State, In, Out>
  /** What a log is made from, so that what fails is shown and shrunk in a form that can be read. */
  readonly cases: fc.Arbitrary<Case>
  readonly logOf: (one: Case) => readonly Logged<In>[]
  readonly runs?: number
  readonly timeoutMs?: number
  /** Laws that do not hold of it, and why; one that holds after all is an error. */
  readonly excused?: Partial<Readonly<Record<LawName, string>>>
}

/** Seconds on a free machine, but tests share theirs. */
const BUSY_MS = 60_000
const RUNS = 40

/** Every processor passes this. */
export function processorContract<State, In, Out, Case>(contract: Contract<State, In, Out, Case>): void {
  const { subject, excused = {}, timeoutMs = BUSY_MS } = contract
  describe(`the processor ${subject.processor.name}`, () => {
    test.each(LAW_NAMES.filter((name) => !(name in excused)))('%s', (name) => expectLaw(contract, name), timeoutMs)
    test.each(LAW_NAMES.filter((name) => name in excused))(
      'is excused rightly: %s',
      (name) => expect(isBroken(contract, name), `it holds, though ${excused[name]}`).toBe(true),
      timeoutMs,
    )
  })
}

const expectLaw = <State, In, Out, Case>(contract: Contract<State, In, Out, Case>, name: LawName): void =>
  fc.assert(propertyOf(contract, name), { numRuns: contract.runs ?? RUNS })

/** Whether the contract finds that a law does not hold; always asks the same logs. */
export const isBroken = <State, In, Out, Case>(contract: Contract<State, In, Out, Case>, name: LawName): boolean =>
  fc.check(propertyOf(contract, name), { numRuns: contract.runs ?? RUNS, seed: 1, endOnFailure: true }).failed

const propertyOf = <State, In, Out, Case>(
  { subject, cases, logOf }: Contract<State, In, Out, Case>,
  name: LawName,
): fc.IProperty<[Case, number]> =>
  fc.property(cases, fc.nat(1000), (one, seed) => {
    const violation = LAWS[name](subject, logOf(one), seeded(seed))
    if (violation !== undefined) throw new Error(violation)
  })
