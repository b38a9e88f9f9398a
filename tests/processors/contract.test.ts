import fc from 'fast-check'
import { MICROS_PER_MILLI, micros } from '../../core/time.ts'
import { TOY } from '../io/processor/toy.ts'
import { logOf } from '../support/generated-log.ts'
import { arbitraryStory } from '../support/generated-story.ts'
import { processorContract } from '../support/processor-contract.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { MARKET } from './market/run.ts'

processorContract({ subject: { processor: MARKET, clock: ticksClock }, cases: arbitraryStory(110), logOf })

processorContract({
  subject: {
    processor: { ...TOY, horizon: 0 },
    clock: (log) => log.map(({ timestampMs }) => micros(timestampMs * MICROS_PER_MILLI)),
  },
  cases: fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 8 }),
  logOf: (values) => values.map((value, index) => ({ partition: 0, offset: index * 4, timestampMs: index, value })),
  excused: {
    'writes the same bytes from its horizon on, wherever it begins': 'its sum is over all records there ever were',
    'writes the same bytes when records come again': 'its numbers have no names by which to know them again',
  },
})
