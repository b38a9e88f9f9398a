import type { Emitted, Logged, Origin, Output, Processor } from '../../../core/processor.ts'
import { micros } from '../../../core/time.ts'
import type { Incoming } from '../../../io/kafka/port.ts'
import type { Read } from '../../../io/processor/task.ts'

/** Input: a number. Outputs: to `sums` a running sum at each third record, to `peaks` each new maximum; some records make both, most none. */
export type ToyState = { sum: number; count: number; highest: number }

/** Of its input on a real broker. */
export const PARTITIONS = 6

export type Toy = Processor<ToyState, number, number>
export type ToyTopics = { readonly numbers: string; readonly sums: string; readonly peaks: string }

/** `every`: at which records a sum is written, `bias`: what is added to it; changing them under the same version is what DIVERGED is for. */
export const toy = ({ numbers, sums, peaks }: ToyTopics, codeVersion = 1, { every = 3, bias = 0 } = {}): Toy => ({
  name: 'toy',
  codeVersion,
  input: numbers,
  outputs: [sums, peaks],
  // A running sum knows everything.
  horizon: Number.MAX_SAFE_INTEGER,
  initial: () => ({ sum: 0, count: 0, highest: -Infinity }),
  step(state, { offset, timestampMs, value }, { emit, count }) {
    const out = (topic: string, one: number): Emitted<number> => ({
      topic,
      key: 'toy',
      time: micros(timestampMs * 1000),
      value: one,
    })
    state.sum += value
    state.count += 1
    if (offset % every === 0) emit(out(sums, state.sum + bias))
    if (value > state.highest) {
      state.highest = value
      emit(out(peaks, value))
    }
    count('processed')
  },
})

export const TOY = toy({ numbers: 'numbers', sums: 'sums', peaks: 'peaks' })

export const encodeToy = ({ value, origin }: Output<number>): Buffer => Buffer.from(JSON.stringify({ value, origin }))

export const toyOrigins = async (_: string, records: readonly Incoming[]): Promise<readonly (Origin | undefined)[]> =>
  records.map(({ value }) => JSON.parse(String(value)).origin)

export const readToy = async (
  { partition }: { readonly partition: number },
  records: readonly Incoming[],
): Promise<readonly Read<number>[]> =>
  records.map(({ offset, timestampMs, value }): Logged<number> => ({
    partition,
    offset,
    timestampMs,
    value: Number(String(value)),
  }))
