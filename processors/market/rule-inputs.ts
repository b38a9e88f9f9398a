import { arrivals, type OpenTick } from '../../core/arrivals.ts'
import { pipe } from '../../core/pipe.ts'
import type { Logged, Stage } from '../../core/processor.ts'
import type { Batch } from '../../core/rules/engine/batch.ts'
import { gathered, type Gathered } from './gathered.ts'
import { detectors } from './market.ts'
import { quality } from './quality.ts'
import { ruleEvents, type ClosesState } from './rule-events.ts'

/**
 * Gives what each tick brings to the rules, as the steps of market make it; the rules themselves are left to whoever takes it. Rule
 * sets of the log are none of its business: `control` is always absent.
 */
export function ruleInputs(
  inverses: ReadonlySet<string>,
  take: (batch: Batch) => void,
): (record: Logged<OpenTick>) => void {
  const stage = pipe(arrivals, pipe(gathered(pipe(quality, detectors)), batches(inverses)))
  const state = stage.initial()
  const effects = { emit: take, count: () => undefined }
  return (record) => stage.step(state, record, effects)
}

function batches(inverses: ReadonlySet<string>): Stage<ClosesState, Gathered, Batch> {
  const seenAs = ruleEvents(inverses)
  return {
    initial: () => new Map(),
    step(closes, { arrival, events }, { emit }) {
      const seen = events.flatMap((event) => seenAs(event, arrival, closes) ?? [])
      emit({ offset: arrival.offset, now: arrival.now, events: seen, control: undefined })
    },
  }
}
