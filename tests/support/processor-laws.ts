import { isDeepStrictEqual } from 'node:util'
import { vi } from 'vitest'
import { fold, OUTCOMES, stepOnce, type Logged, type Output, type Processor } from '../../core/processor.ts'
import type { Micros } from '../../core/time.ts'
import { packState, unpackState } from '../../io/processor/snapshot.ts'
import type { Random } from './seeded.ts'

/** A processor under the laws, with what the laws must know of it. */
export type Subject<State, In, Out> = {
  readonly processor: Processor<State, In, Out>
  /** T at each record, by other means than the processor's. */
  readonly clock: (records: readonly Logged<In>[]) => readonly Micros[]
  /** Horizon of one kind of output, where it is less than the processor's. */
  readonly horizonOf?: (output: Output<Out>) => number
}

/** Says how a log breaks a law; `undefined`: it does not. */
export type Law = <State, In, Out>(
  subject: Subject<State, In, Out>,
  log: readonly Logged<In>[],
  random: Random,
) => string | undefined

/** Text that is equal for equal bits: shortest digits that read back, -0 and NaN told apart. */
export const bytesOf = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => plain(one))

/** The same for states: Maps and Sets in their order, and what stands there twice, or within itself, is told by its number. */
export function shapeOf(state: unknown): string {
  const seen = new Map<object, number>()
  return JSON.stringify(state, (_, one: unknown) => {
    if (typeof one !== 'object' || one === null) return plain(one)
    const known = seen.get(one)
    if (known !== undefined) return `#${known}`
    seen.set(one, seen.size)
    if (one instanceof Map) return { map: [...one] }
    return one instanceof Set ? { set: [...one] } : one
  })
}

function plain(one: unknown): unknown {
  if (one === undefined) return 'undefined'
  if (typeof one !== 'number') return one
  return Object.is(one, -0) ? '-0' : Number.isFinite(one) ? one : String(one)
}

/** The laws of a processor (architecture.md section 3), each by what it says. */
export const LAWS = {
  'writes the same bytes from the same records, whatever the hour and the dice': (subject, log) =>
    differs(
      inWorld(1_000_000_000_000, 0.25, () => run(subject, log)),
      inWorld(1_900_000_000_000, 0.75, () => run(subject, log)),
    ),

  'writes the same bytes from its horizon on, wherever it begins': (subject, log, random) =>
    startsAt(subject, wholeOf(subject, log), random(log.length)),

  'gives each record one outcome': ({ processor }, log) => {
    const state = processor.initial()
    for (const record of log) {
      const tally = new Map<string, number>()
      stepOnce(processor, state, record, () => undefined, tally)
      const outcomes = OUTCOMES.reduce((sum, outcome) => sum + (tally.get(outcome) ?? 0), 0)
      if (outcomes !== 1) return `record ${record.offset} has ${outcomes} outcomes: ${bytesOf([...tally])}`
    }
    return undefined
  },

  'goes on from a snapshot taken at any record as if nothing had been': (subject, log, random) => {
    const { processor } = subject
    const whole = run(subject, log)
    let state = processor.initial()
    const outputs: Output<unknown>[] = []
    // At every record of a short log, at some 40 of a long one.
    const stride = Math.ceil(log.length / 40)
    const phase = random(stride)
    for (const [index, record] of log.entries()) {
      stepOnce(processor, state, record, (output) => void outputs.push(output), new Map())
      if (index % stride === phase) state = unpackState(packState(state))
    }
    const cut = random(log.length + 1)
    const before = fold(processor, log.slice(0, cut))
    const restored = unpackState(packState(before.state))
    if (shapeOf(restored) !== shapeOf(before.state)) return `the state at ${cut} is not plain: it reads back otherwise`
    const after = fold(processor, log.slice(cut), restored)
    return differs(whole, outputs.map(bytesOf)) ?? differs(whole, [...before.outputs, ...after.outputs].map(bytesOf))
  },

  'does not see where batches end, nor what other partitions do meanwhile': (subject, log, random) => {
    const { processor } = subject
    const state = processor.initial()
    const other = processor.initial()
    const outputs: Output<unknown>[] = []
    for (let from = 0; from < log.length;) {
      const to = from + 1 + random(20)
      outputs.push(...fold(processor, log.slice(from, to), state).outputs)
      fold(
        processor,
        log.slice(from, to - random(2)).map((record) => ({ ...record, partition: record.partition + 1 })),
        other,
      )
      from = to
    }
    return differs(run(subject, log), outputs.map(bytesOf))
  },

  'writes the same bytes when records come again': (subject, log, random) => {
    const repeats: Logged<(typeof log)[number]['value']>[] = []
    for (let i = 0; i < 6; i++) {
      const first = random(log.length)
      const after = first + random(log.length - first)
      const neighbour = log[after]
      if (neighbour === undefined) continue
      const { offset, timestampMs } = neighbour
      // A doubled batch of up to three records, in the hole behind some later record.
      const batch = log.slice(first, Math.min(after + 1, first + 1 + random(3)))
      batch.forEach((record, index) => void repeats.push({ ...record, offset: offset + 1 + index, timestampMs }))
    }
    const taken = new Map([...log, ...repeats].map((record) => [record.offset, record]))
    const records = [...taken.values()].toSorted((a, b) => a.offset - b.offset)
    return differs(run(subject, log), run(subject, records))
  },

  'names the cause of each output: ascending, without holes, on topics it declares': ({ processor }, log) => {
    const { name, codeVersion } = processor
    for (const { offset, outputs } of eachStep(processor, log)) {
      for (const [rank, { origin, topic }] of outputs.entries()) {
        const expected = { processor: name, version: codeVersion, partition: log[0]?.partition, offset, ordinal: rank }
        if (!isDeepStrictEqual(origin, expected)) return `${bytesOf(origin)} instead of ${bytesOf(expected)}`
        if (!processor.outputs.includes(topic)) return `${topic} is none of its outputs`
      }
    }
    return undefined
  },

  'stamps each output with T of its cause': ({ processor, clock }, log) => {
    const times = clock(log)
    for (const [index, { offset, outputs }] of eachStep(processor, log).entries())
      for (const { time } of outputs)
        if (time !== times[index]) return `${time} at record ${offset}, T is ${times[index]}`
    return undefined
  },

  'changes neither its records nor what it has written': ({ processor }, log) => {
    const records = structuredClone(log)
    const state = processor.initial()
    const written: { readonly output: unknown; readonly bytes: string }[] = []
    for (const record of records)
      stepOnce(processor, state, record, (output) => void written.push({ output, bytes: bytesOf(output) }), new Map())
    const changed = written.find(({ output, bytes }) => bytesOf(output) !== bytes)
    if (changed !== undefined) return `${changed.bytes} became ${bytesOf(changed.output)}`
    return bytesOf(records) === bytesOf(log) ? undefined : 'a record is not what it was'
  },
} satisfies Record<string, Law>

export type LawName = keyof typeof LAWS
export const LAW_NAMES = Object.keys(LAWS).filter((name): name is LawName => name in LAWS)

/** A run over a whole log, to compare others with. */
export type Whole<In, Out> = {
  readonly log: readonly Logged<In>[]
  readonly times: readonly Micros[]
  /** Places of the records in the log. */
  readonly places: ReadonlyMap<number, number>
  readonly outputs: readonly Output<Out>[]
  /** By how much what the log configures makes the horizon longer, at its longest. */
  readonly further: number
}

export function wholeOf<State, In, Out>(
  { processor, clock }: Subject<State, In, Out>,
  log: readonly Logged<In>[],
): Whole<In, Out> {
  const places = new Map(log.map(({ offset }, place) => [offset, place]))
  const state = processor.initial()
  const outputs: Output<Out>[] = []
  let further = 0
  for (const record of log) {
    stepOnce(processor, state, record, (output) => void outputs.push(output), new Map())
    further = Math.max(further, (processor.horizonAt?.(state) ?? processor.horizon) - processor.horizon)
  }
  return { log, times: clock(log), places, outputs, further }
}

/**
 * Begins at the log's `start`-th record and compares with the run over the whole log, over at most `most` records: all outputs,
 * origins included, from the processor's horizon on; the values of each kind from its own.
 */
export function startsAt<State, In, Out>(
  { processor, horizonOf }: Subject<State, In, Out>,
  { log, times, places, outputs, further }: Whole<In, Out>,
  start: number,
  most = log.length,
): string | undefined {
  const end = start + most
  const began = times[start] ?? 0
  const placeOf = ({ origin }: Output<Out>): number => places.get(origin.offset) ?? -1
  // By T before the record: where T leaps, timers are due that are as old as the leap and more.
  const isDue = (horizon: number, place: number): boolean =>
    place > start && place < end && (times[place - 1] ?? 0) >= began + horizon
  const part = fold(processor, log.slice(start, end)).outputs
  const due = (output: Output<Out>): boolean => isDue(processor.horizon + further, placeOf(output))
  const difference = differs(outputs.filter(due).map(bytesOf), part.filter(due).map(bytesOf))
  if (difference !== undefined || horizonOf === undefined) return difference && `begun at ${start}: ${difference}`
  const ofKind = (output: Output<Out>): boolean => isDue(horizonOf(output), placeOf(output))
  // Its rank among the record's outputs may count some of a kind that is not right yet.
  const valueOf = ({ topic, key, time, value, origin: { offset } }: Output<Out>): string =>
    bytesOf({ topic, key, time, value, offset })
  const early = differs(outputs.filter(ofKind).map(valueOf), part.filter(ofKind).map(valueOf))
  return early && `begun at ${start}, by kind: ${early}`
}

const run = <State, In, Out>({ processor }: Subject<State, In, Out>, log: readonly Logged<In>[]): readonly string[] =>
  fold(processor, log).outputs.map(bytesOf)

function eachStep<State, In, Out>(
  processor: Processor<State, In, Out>,
  log: readonly Logged<In>[],
): readonly { readonly offset: number; readonly outputs: readonly Output<Out>[] }[] {
  const state = processor.initial()
  return log.map((record) => ({ offset: record.offset, outputs: fold(processor, [record], state).outputs }))
}

function differs(expected: readonly string[], actual: readonly string[]): string | undefined {
  const length = Math.max(expected.length, actual.length)
  for (let i = 0; i < length; i++)
    if (expected[i] !== actual[i]) return `output ${i} of ${length}:\n  ${expected[i]}\n  ${actual[i]}`
  return undefined
}

/** At another hour, with other dice. */
function inWorld<T>(now: number, dice: number, act: () => T): T {
  const random = vi.spyOn(Math, 'random').mockReturnValue(dice)
  vi.useFakeTimers({ now, toFake: ['Date', 'performance', 'hrtime'] })
  try {
    return act()
  } finally {
    vi.useRealTimers()
    random.mockRestore()
  }
}
