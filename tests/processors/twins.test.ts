import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logOf } from '../support/generated-log.ts'
import { arbitraryStory, seededStory } from '../support/generated-story.ts'
import { isBroken, processorContract } from '../support/processor-contract.ts'
import type { LawName } from '../support/processor-laws.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { witness, type Flaw } from '../support/witness.ts'

/** Some hours of quick trading, so that windows fill and echoes follow each other. */
const HOURS = { hours: 3, quietMillis: 15 * 60_000, beatMillis: 120_000, busy: 60 }
const cases = fc.oneof(
  arbitraryStory(60),
  fc.nat(1000).map((seed) => seededStory(seed, HOURS)),
)
const contractOf = (flaw?: Flaw) => ({
  subject: { processor: witness(flaw), clock: ticksClock },
  cases,
  logOf,
  runs: 30,
})

processorContract(contractOf())

const CAUGHT: Readonly<Record<Flaw, LawName>> = {
  'wall clock': 'writes the same bytes from the same records, whatever the hour and the dice',
  'running sums': 'writes the same bytes from its horizon on, wherever it begins',
  'no sieve': 'writes the same bytes when records come again',
  'order of arrival': 'writes the same bytes from its horizon on, wherever it begins',
  'memory by count': 'writes the same bytes from its horizon on, wherever it begins',
  'no renewal': 'writes the same bytes from its horizon on, wherever it begins',
}

describe('the contract catches', { timeout: 60_000 }, () => {
  test.each(['wall clock', 'running sums', 'no sieve', 'order of arrival', 'memory by count', 'no renewal'] as const)(
    'a processor with %s',
    (flaw) => expect(isBroken(contractOf(flaw), CAUGHT[flaw])).toBe(true),
  )
})
