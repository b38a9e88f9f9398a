import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { logOf } from '../support/generated-log.ts'
import { arbitraryStory, seededStory } from '../support/generated-story.ts'
import { isBroken, processorContract } from '../support/processor-contract.ts'
import type { LawName } from '../support/processor-laws.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { witness, type Flaw } from '../support/witness.ts'
import { MARKET } from './market/run.ts'

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

const marketContract = (processor: typeof MARKET) => ({ ...contractOf(), subject: { processor, clock: ticksClock } })

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

  test('the market processor, stamping by its own clock', () => {
    const stamping: typeof MARKET = {
      ...MARKET,
      step: (state, record, { emit, count }) =>
        MARKET.step(state, record, { count, emit: (out) => emit({ ...out, time: micros(Date.now() * 1000) }) }),
    }
    expect(isBroken(marketContract(stamping), CAUGHT['wall clock'])).toBe(true)
  })

  test('the market processor behind a sieve to which everything is new', () => {
    const unsieved: typeof MARKET = {
      ...MARKET,
      step: (state, record, effects) =>
        MARKET.step(state, { ...record, value: { ...record.value, ordinal: record.offset } }, effects),
    }
    expect(isBroken(marketContract(unsieved), CAUGHT['no sieve'])).toBe(true)
  })
})
