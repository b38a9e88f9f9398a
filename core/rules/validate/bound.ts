import type { Analysis } from '../compile/compile.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { durationText } from '../read/duration.ts'
import { keysOf } from './keys-bound.ts'
import type { PatternProgram, Program, ProgramStep, ProgramTake } from '../program.ts'
import { RENEW_MICROS } from '../compile/renewal.ts'
import { wrong } from '../read/shape.ts'
import type { World } from './world.ts'

export type CostClass = 'low' | 'medium' | 'high'

/** What a rule holds at most (rules.md section 11): `bytes` of all its keys in the fullest partition. */
export type Bound = {
  readonly bytesPerKey: number
  readonly keys: number
  readonly bytes: number
  readonly warmUpMicros: number
  readonly horizonMicros: number
  /** What a record costs that the rule cannot dismiss at once; see {@link boundOf}. */
  readonly cost: CostClass
}

/** Bytes of an event that is kept, for evidence or `prev`. */
export const EVENT_BYTES = 200
/** Measured: the key, its texts and places, and what a rule knows of it, in the engine's Maps. */
export const KEY_BYTES = 1200
/** Assumed of a step that may be taken without end. */
const ENDLESS_TIMES = 64

/**
 * Cost counts what a record asks for: 1 for an aggregate whose value is at hand, 4 where it is looked up in an order (median,
 * quantile, distinct; least and greatest), a 25th of the values that are folded at each reading (`count`, ema); 1 for a step
 * whose partials lie in a heap, a 16th of `maxPartials` for one whose partials are tried one by one. Up to 8 is low, up to 64
 * medium.
 */
export function boundOf({ lets, guards }: Analysis, program: Program, world: World): Bound {
  const sources = new Map(
    [...lets.values()].flatMap(({ aggregate }) => (aggregate === undefined ? [] : [[aggregate.source.id, aggregate]])),
  )
  const { warmUpMicros, horizonMicros, body, evidence, earlier } = program
  const pattern = body.kind === 'pattern' ? body.pattern : undefined
  const bytesPerKey =
    KEY_BYTES +
    sum([...sources.values()].map(({ source }) => source.bytes)) +
    (pattern === undefined ? 0 : patternBytes(pattern)) +
    EVENT_BYTES * (evidence.events + earlier * program.streams.length)
  const keys = Math.ceil(keysOf(program.rule, guards, world, horizonMicros))
  const cost = costOf(
    sum([...sources.values()].map(({ written: { agg, over } }) => readingCost(agg, 'count' in over ? over.count : 0))) +
      (pattern === undefined ? 1 : patternCost(pattern)),
  )
  return {
    bytesPerKey: Math.ceil(bytesPerKey),
    keys,
    bytes: Math.ceil(bytesPerKey) * keys,
    warmUpMicros,
    horizonMicros,
    cost,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const costOf = (units: number): CostClass => (units <= 8 ? 'low' : units <= 64 ? 'medium' : 'high')

const LOOKED_UP: ReadonlySet<string> = new Set(['median', 'quantile', 'distinct', 'min', 'max', 'argmin', 'argmax'])
const readingCost = (agg: string, folded: number): number => (LOOKED_UP.has(agg) ? 4 : 1) + folded / 25

const takesIn = (step: ProgramStep): readonly ProgramTake[] =>
  step.kind === 'take' ? [step] : step.kind === 'not' ? [] : step.of

function patternBytes({ steps, maxPartials, captured }: PatternProgram): number {
  const times = sum(steps.flatMap(takesIn).map(({ most }) => (most === Infinity ? ENDLESS_TIMES : most)))
  return maxPartials * (96 + 16 * times + 8 * captured.length)
}

function patternCost({ steps, maxPartials }: PatternProgram): number {
  const conditions = steps.flatMap((step) => (step.kind === 'not' ? [step.if] : takesIn(step).map((take) => take.if)))
  return sum(conditions.slice(1).map(({ threshold }) => (threshold === undefined ? maxPartials / 16 : 1))) + 1
}

/** E601 and E602: what a rule would hold or reach back for is too much. */
export function checkBound(
  bound: Bound,
  program: Program,
  { quotaBytes, horizonMicros }: World,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const { bytes, bytesPerKey, keys } = bound
  if (bytes > quotaBytes)
    wrong(
      diagnostics,
      '',
      `This rule may hold ${mebibytes(bytes)} MiB (${mebibytes(bytesPerKey)} MiB for each of ${keys} keys), the limit is ${mebibytes(quotaBytes)} MiB. Take shorter windows, tumbling instead of sliding ones, or fewer symbols in "where".`,
      'E601',
    )
  if (bound.horizonMicros > horizonMicros) {
    const renew = program.renewMicros > RENEW_MICROS['15m'] ? ' or a shorter "renew"' : ''
    const others = bound.horizonMicros - program.horizonMicros
    const read = others > 0 ? `the rules whose matches it reads ${lengthText(others)}, ` : ''
    wrong(
      diagnostics,
      '',
      `What this rule says may depend on the last ${lengthText(bound.horizonMicros)} of the log, the limit is ${lengthText(horizonMicros)}: its windows and "within" reach back ${lengthText(bound.warmUpMicros)}, ${read}the rest are "hold", "release", "cooldown", "renew" (${durationText(program.renewMicros)}) and 11 minutes. Take shorter windows${renew}.`,
      'E602',
    )
  }
  return diagnostics
}

const mebibytes = (bytes: number): string => {
  const value = bytes / 1_048_576
  return value >= 10 ? String(Math.round(value)) : value.toPrecision(2)
}

/** Rounded to minutes above an hour, as 25h 11m. */
function lengthText(micros: number): string {
  const minutes = Math.round(micros / 60_000_000)
  return minutes < 60
    ? durationText(micros)
    : `${Math.floor(minutes / 60)}h${minutes % 60 === 0 ? '' : ` ${minutes % 60}m`}`
}
