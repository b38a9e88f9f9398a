import type { Follow } from '../document.ts'
import type { PatternProgram, ProgramStep, ProgramTake, StepCondition, Threshold } from '../program.ts'
import type { Stream } from '../events.ts'
import type { Value } from '../frame.ts'
import type { Complete, PartialMatch, PatternEnd } from './state.ts'

/** A pattern made ready to step: made of a program once, for all keys, and in no state. */
export type PreparedPattern = {
  readonly program: PatternProgram
  readonly stages: readonly Stage[]
  /** How many stages an event may start at: the first, and past optional ones. */
  readonly starts: number
  /** Stages whose partials buckets hold, in the buckets' order. */
  readonly heaped: readonly Heaped[]
  /** Whether a deadline writes something: `onTimeout`, a last `not … for`, or a skip that makes matches wait. */
  readonly isTimed: boolean
  readonly hasAbsence: boolean
  /** Leftmost first: matches wait for older partials. */
  readonly isLeftmost: boolean
  readonly work: Work
}

/** A step that takes events, with the `not`s right after it. */
export type Stage = {
  readonly kind: 'take' | 'any' | 'all'
  readonly of: readonly Alternative[]
  readonly least: number
  readonly most: number
  readonly isOptional: boolean
  readonly guards: readonly PatternGuard[]
  /** Bits of all exits: see PartialMatch.options. */
  readonly exits: number
  /** Bits of the options that live for the directly following event only. */
  readonly nexts: number
  /** A partial that has its least iterations here is a match, if `forMicros` passes or there is none. */
  readonly ends: boolean
  readonly forMicros: number | undefined
  /** Place among the buckets of partials that wait for the next stage alone; -1 if thresholds cannot find them. */
  readonly bucket: number
}

export type Alternative = ProgramTake & { readonly isLoopAny: boolean; readonly isEntryAny: boolean }

export type PatternGuard = {
  readonly streams: readonly Stream[]
  readonly if: StepCondition
  readonly isNext: boolean
}

export type Heaped = {
  readonly stage: number
  readonly take: SignedThreshold
  readonly kill: SignedThreshold | undefined
}

/** `sign · ofEvent > key` (or `>=`), where `key = sign · ofTaken`: one direction of comparing serves all four. */
export type SignedThreshold = {
  readonly streams: readonly Stream[]
  readonly sign: 1 | -1
  readonly isStrict: boolean
  readonly ofEvent: Threshold['ofEvent']
  readonly ofTaken: Threshold['ofTaken']
}

/** What one event makes, kept here so that events that make nothing allocate nothing. */
export type Work = {
  captured: readonly Value[] | undefined
  born: PartialMatch[]
  matches: Complete[]
  takers: PartialMatch[]
  ends: PatternEnd[]
}

/** Optional steps in a row: an option is a bit. */
const MOST_EXITS = 29

/**
 * Throws RangeError for more than 28 optional steps in a row. Without `byThresholds` every partial is tested against every
 * event: the meaning is the same, and a trace sees each test.
 */
export function preparePattern(program: PatternProgram, { byThresholds = true } = {}): PreparedPattern {
  const bare = barely(program.steps)
  const heaped: Heaped[] = []
  const stages = bare.map((stage, at): Stage => {
    const reach = reachOf(bare, at + 1)
    const whole = {
      ...stage,
      exits: 2 ** (reach + 1) - 2,
      ends: bare.slice(at + 1).every(({ isOptional }) => isOptional),
      nexts: nextsOf(bare, at, reach),
    }
    const found = byThresholds && reach === 1 && !whole.ends ? thresholdsOf(whole, at, bare[at + 1]) : undefined
    if (found !== undefined) heaped.push(found)
    return { ...whole, bucket: found === undefined ? -1 : heaped.length - 1 }
  })
  const { kind } = program.skip
  const isLeftmost = kind === 'past-last' || kind === 'toFirst' || kind === 'toLast'
  const hasAbsence = stages.some(({ forMicros }) => forMicros !== undefined)
  return {
    program,
    stages,
    starts: reachOf(bare, 0),
    heaped,
    isTimed: isLeftmost || hasAbsence || program.onTimeout,
    hasAbsence,
    isLeftmost,
    work: { captured: undefined, born: [], matches: [], takers: [], ends: [] },
  }
}

/**
 * A step without an end takes no more than so many: what a partial holds, and what a sum over it costs at each event, has a
 * bound.
 */
export const LONGEST_LOOP = 4096

type Bare = Pick<Stage, 'kind' | 'of' | 'least' | 'most' | 'isOptional' | 'guards' | 'forMicros'>

/** The taking steps, each with the `not`s that follow it. */
function barely(steps: readonly ProgramStep[]): readonly Bare[] {
  const stages: Bare[] = []
  for (const step of steps) {
    if (step.kind !== 'not') {
      stages.push(bareStage(step))
      continue
    }
    const last = stages.pop()
    if (last === undefined) continue
    const guard = { streams: step.streams, if: step.if, isNext: step.follow === 'next' }
    stages.push({ ...last, guards: [...last.guards, guard], forMicros: step.forMicros ?? last.forMicros })
  }
  return stages
}

function bareStage(step: Exclude<ProgramStep, { readonly kind: 'not' }>): Bare {
  const none = { guards: [], forMicros: undefined }
  if (step.kind === 'take') {
    const { least, most, optional } = step
    return {
      kind: 'take',
      of: [alternative(step, step.follow, step.inner)],
      least,
      most: Math.min(most, LONGEST_LOOP),
      isOptional: optional,
      ...none,
    }
  }
  const times = step.kind === 'all' ? step.of.length : 1
  const of = step.of.map((one) =>
    step.kind === 'all' ? alternative(one, 'followed', 'followed') : alternative(one, one.follow, one.inner),
  )
  return { kind: step.kind, of, least: times, most: times, isOptional: false, ...none }
}

const alternative = (take: ProgramTake, follow: Follow, inner: Follow): Alternative => ({
  ...take,
  follow,
  inner,
  isEntryAny: follow === 'any',
  isLoopAny: inner === 'any',
})

/** From how many stages on, the first of them at `from`, the next event may come. */
function reachOf(stages: readonly Bare[], from: number): number {
  const firm = stages.findIndex(({ isOptional }, at) => at >= from && !isOptional)
  const reach = firm < 0 ? stages.length - from : firm - from + 1
  if (reach > MOST_EXITS) throw new RangeError(`more than ${MOST_EXITS - 1} optional steps in a row`)
  return reach
}

function nextsOf(stages: readonly Bare[], at: number, reach: number): number {
  let bits = stages[at]?.of.every(({ inner }) => inner === 'next') === true ? 1 : 0
  for (let d = 1; d <= reach; d++)
    if (stages[at + d]?.of.every(({ follow }) => follow === 'next') === true) bits += 2 ** d
  return bits
}

/** How thresholds find the partials that wait at a stage for the next, if they can. */
function thresholdsOf({ guards }: Bare, stage: number, next: Bare | undefined): Heaped | undefined {
  const [to] = next?.of ?? []
  const [guard] = guards
  if (to === undefined || next?.kind !== 'take' || guards.length > 1) return undefined
  if (to.follow !== 'followed' || to.until !== undefined || to.gapMicros !== undefined) return undefined
  const take = signed(to)
  const kill = guard === undefined ? undefined : signed(guard)
  if (take === undefined || (guard !== undefined && (guard.isNext || kill === undefined))) return undefined
  return { stage, take, kill }
}

function signed({ streams, if: { threshold } }: Pick<PatternGuard, 'streams' | 'if'>): SignedThreshold | undefined {
  if (threshold === undefined) return undefined
  const { op, ofEvent, ofTaken } = threshold
  return { streams, sign: op.startsWith('>') ? 1 : -1, isStrict: op.length === 1, ofEvent, ofTaken }
}
