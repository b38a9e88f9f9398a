import { logOf } from '../support/generated-log.ts'
import { arbitraryStory } from '../support/generated-story.ts'
import { processorContract } from '../support/processor-contract.ts'
import { ticksClock } from '../support/ticks-clock.ts'
import { marketHorizon } from './market/horizon.ts'
import { MARKET } from './market/run.ts'

processorContract({
  subject: { processor: MARKET, clock: ticksClock, horizonOf: marketHorizon },
  cases: arbitraryStory(200),
  logOf,
  runs: 1000,
  timeoutMs: 1_800_000,
})
