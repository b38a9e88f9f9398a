import type { RuleEvent } from '../../../../core/rules/events.ts'
import type { Taken } from '../../../../core/rules/frame.ts'
import type { PatternProgram, ProgramStep, ProgramTake } from '../../../../core/rules/program.ts'
import { micros } from '../../../../core/time.ts'
import { chain, frameOf, idOf } from './support.ts'

/** Written straight from rules.md section 8, one list for each thing it names: slow, and of no line of the machine. */
export type Written = { readonly kind: 'match' | 'timeout'; readonly text: string; readonly at: number }

type Option = { readonly kind: 'loop' | 'exit'; readonly to: number }
type One = {
  /** Oldest first. */
  readonly events: readonly Taken[]
  /** Place among the program's steps. */
  readonly step: number
  readonly n: number
  readonly names: ReadonlySet<number>
  options: readonly Option[]
}
type Match = { readonly events: readonly Taken[]; readonly steps: readonly number[] }

const firstOf = ({ events }: Pick<One, 'events'>): number => events[0]?.number ?? NaN
const lastOf = ({ events }: Pick<One, 'events'>): Taken | undefined => events.at(-1)
const firstAt = ({ events }: Pick<One, 'events'>): number => events[0]?.at ?? NaN
const lastAt = (one: Pick<One, 'events'>): number => lastOf(one)?.at ?? NaN

export function reference(
  program: PatternProgram,
  events: readonly RuleEvent[],
  renewals: readonly number[] = [],
): { readonly written: readonly Written[]; readonly dropped: number } {
  const written: Written[] = []
  let partials: readonly One[] = []
  let waiting: readonly Match[] = []
  let dropped = 0
  let skip = program.skip.kind

  const optionsOf = (step: number, n: number, { least, most }: ReturnType<typeof timesOf>): readonly Option[] => [
    ...(n < most ? [{ kind: 'loop' as const, to: step }] : []),
    ...(n >= least ? exitsFrom(program.steps, step).map((to) => ({ kind: 'exit' as const, to })) : []),
  ]

  const dropSkipped = (match: Match): void => {
    const [from, before] = skippedBy(program, skip, match)
    const stays = (one: Pick<One, 'events'>): boolean => firstOf(one) < from || firstOf(one) >= before
    partials = partials.filter(stays)
    waiting = waiting.filter(stays)
  }
  const write = (match: Match, at: number): void => {
    written.push({ kind: 'match', text: textOf(match.events), at })
    dropSkipped(match)
  }
  const writeWaiting = (at: number, isForced: boolean): void => {
    for (;;) {
      const [match] = waiting
      if (match === undefined) return
      if (!isForced && partials.some((one) => firstOf(one) < firstOf(match))) return
      waiting = waiting.slice(1)
      write(match, at)
    }
  }
  const end = (matches: readonly Match[], at: number): void => {
    const ordered = matches.toSorted(compare)
    if (skip === 'none' || skip === 'to-next') {
      let left = ordered
      for (let [match] = left; match !== undefined; [match] = left) {
        const first = firstOf(match)
        left = left.slice(1).filter((one) => skip === 'none' || firstOf(one) !== first)
        write(match, at)
      }
      return
    }
    // A stable sort: of one first event those that ended before stand before.
    waiting = [...waiting, ...ordered].toSorted((one, other) => firstOf(one) - firstOf(other))
    writeWaiting(at, false)
  }

  const absenceAt = (one: One): number => {
    const forMicros = absenceAfter(program.steps, one.step)
    const { least } = timesOf(program.steps[one.step])
    return forMicros === undefined || one.n < least ? Infinity : lastAt(one) + forMicros
  }
  const timers = (now: number): void => {
    for (;;) {
      const absence = Math.min(...partials.map(absenceAt))
      const [oldest] = partials
      const within = oldest === undefined ? Infinity : firstAt(oldest) + program.withinMicros
      if (Math.min(absence, within) > now) return
      if (absence <= within) {
        const over = partials.filter((one) => absenceAt(one) === absence)
        partials = partials.filter((one) => absenceAt(one) !== absence)
        end(over.map(matchOf), absence)
      } else if (oldest !== undefined) {
        partials = partials.slice(1)
        if (program.onTimeout) written.push({ kind: 'timeout', text: textOf(oldest.events), at: within })
        writeWaiting(within, false)
      }
    }
  }
  let isRerun = false

  const step = (event: RuleEvent, number: number): void => {
    timers(event.at)
    const frame = frameOf(event)
    const matches: Match[] = []
    const next: One[] = []
    /** What came of a partial, or of nothing, by an option; whether the option's taker is greedy and stays open. */
    const grow = (from: One | undefined, { kind, to }: Option): { greedy: boolean; isOpen: boolean } | undefined => {
      const last = from === undefined ? undefined : lastOf(from)
      frame.taken = last
      const into = program.steps[to]
      for (const take of takesOf(into)) {
        if (kind === 'loop' && into?.kind === 'all' && from?.names.has(take.name) === true) continue
        const follow = into?.kind === 'all' ? 'followed' : kind === 'loop' ? take.inner : take.follow
        if (from !== undefined && follow === 'next' && last?.number !== number - 1) continue
        if (take.gapMicros !== undefined && last !== undefined && !(event.at - last.at < take.gapMicros)) continue
        if (take.if.whole.read(frame) !== true || take.until?.read(frame) === true) continue
        const taken = {
          event,
          number,
          at: micros(event.at),
          name: take.name,
          captured: [],
          before: last,
          depth: (last?.depth ?? 0) + 1,
        }
        const n = kind === 'loop' ? (from?.n ?? 0) + 1 : 1
        const born: One = {
          events: [...(from?.events ?? []), taken],
          step: to,
          n,
          names: new Set(kind === 'loop' ? [...(from?.names ?? []), take.name] : [take.name]),
          options: optionsOf(to, n, timesOf(into)),
        }
        const absence = absenceAfter(program.steps, to)
        const ends = n >= timesOf(into).least && isEnd(program.steps, to)
        if (ends && absence === undefined) matches.push(matchOf(born))
        if (born.options.length > 0 || (ends && absence !== undefined)) next.push(born)
        return { greedy: take.greedy, isOpen: follow === 'any' }
      }
      return undefined
    }
    const advance = (one: One): void => {
      const last = lastOf(one)
      const isDirect = last?.number === number - 1
      frame.taken = last
      for (const guard of guardsAfter(program.steps, one.step))
        if ((guard.follow === 'followed' || isDirect) && guard.if.whole.read(frame) === true) return
      const here = program.steps[one.step]
      const isOver = here?.kind === 'take' && here.until?.read(frame) === true
      const open = one.options.filter(({ kind }) => !(isOver && kind === 'loop'))
      const left: Option[] = []
      for (const option of open) {
        const result = grow(one, option)
        if (result === undefined ? livesOn(program.steps, option) : result.isOpen) left.push(option)
        if (result?.greedy === true) break
      }
      one.options = left
      if (left.length > 0 || absenceAt(one) < Infinity) survivors.push(one)
    }
    const survivors: One[] = []
    for (const one of partials) advance(one)
    for (const to of exitsFrom(program.steps, -1)) if (grow(undefined, { kind: 'exit', to })?.greedy === true) break
    // By the first event, then by age: the sort is stable, and the new ones are younger than all.
    partials = [...survivors, ...next].toSorted((one, other) => firstOf(one) - firstOf(other))
    end(matches, event.at)
    const over = Math.max(0, partials.length - program.maxPartials)
    dropped += isRerun ? 0 : over
    partials = partials.slice(over)
    writeWaiting(event.at, false)
    while (waiting.length > program.maxPartials) {
      partials = partials.slice(1)
      dropped++
      writeWaiting(event.at, false)
    }
  }

  const renew = (at: number, seen: number): void => {
    timers(at)
    if (program.skip.kind === 'none' || program.skip.kind === 'to-next') return
    writeWaiting(at, true)
    partials = []
    skip = 'none'
    isRerun = true
    const { length } = written
    for (const [index, event] of events.slice(0, seen).entries())
      if (at - event.at < program.withinMicros) step(event, index + 1)
    timers(at)
    isRerun = false
    written.length = length
    skip = program.skip.kind
  }

  let renewed = 0
  const renewTo = (now: number, seen: number): void => {
    for (; (renewals[renewed] ?? Infinity) <= now; renewed++) renew(renewals[renewed] ?? 0, seen)
  }
  events.forEach((event, index) => {
    renewTo(event.at, index)
    step(event, index + 1)
  })
  renewTo(Number.MAX_SAFE_INTEGER, events.length)
  timers(Number.MAX_SAFE_INTEGER)
  return { written, dropped }
}

const matchOf = ({ events }: One): Match => ({ events, steps: events.map(({ name }) => name) })
const textOf = (events: readonly Taken[]): string => events.map(({ event, name }) => `${name}:${idOf(event)}`).join(' ')
export const writtenText = (taken: Taken): string => textOf(chain(taken))

function compare(one: Match, other: Match): number {
  const numbers = (match: Match): readonly number[] => match.events.map(({ number }) => number)
  return lexically(numbers(one), numbers(other)) || lexically(one.steps, other.steps)
}

function lexically(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index])
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0)
}

/** First events in [from, before) are dropped. */
function skippedBy(
  { skip: whole }: PatternProgram,
  skip: PatternProgram['skip']['kind'],
  match: Match,
): readonly [from: number, before: number] {
  const first = firstOf(match)
  const numbers = match.events
    .filter(({ name }) => (whole.kind === 'toFirst' || whole.kind === 'toLast') && name === whole.name)
    .map(({ number }) => number)
  switch (skip) {
    case 'none':
      return [first, first]
    case 'to-next':
      return [first, first + 1]
    case 'past-last':
      return [0, (lastOf(match)?.number ?? 0) + 1]
    case 'toFirst':
      return [first, numbers.at(0) ?? first]
    case 'toLast':
      return [first, numbers.at(-1) ?? first]
  }
}

const takesOf = (step: ProgramStep | undefined): readonly ProgramTake[] =>
  step === undefined || step.kind === 'not' ? [] : step.kind === 'take' ? [step] : step.of

function timesOf(step: ProgramStep | undefined): { readonly least: number; readonly most: number } {
  if (step?.kind === 'take') return step
  const times = step?.kind === 'all' ? step.of.length : 1
  return { least: times, most: times }
}

const isOptional = (step: ProgramStep | undefined): boolean => step?.kind === 'take' && step.optional

/** The next taking step, and across optional ones up to the first that is not. */
function exitsFrom(steps: readonly ProgramStep[], at: number): readonly number[] {
  const after = steps.flatMap((step, place) => (place > at && step.kind !== 'not' ? [place] : []))
  const firm = after.findIndex((place) => !isOptional(steps[place]))
  return firm < 0 ? after : after.slice(0, firm + 1)
}

const isEnd = (steps: readonly ProgramStep[], at: number): boolean =>
  steps.every((step, place) => place <= at || step.kind === 'not' || isOptional(step))

type Guard = Extract<ProgramStep, { readonly kind: 'not' }>
function guardsAfter(steps: readonly ProgramStep[], at: number): readonly Guard[] {
  const step = steps[at + 1]
  return step?.kind === 'not' ? [step, ...guardsAfter(steps, at + 1)] : []
}

const absenceAfter = (steps: readonly ProgramStep[], at: number): number | undefined =>
  guardsAfter(steps, at).find(({ forMicros }) => forMicros !== undefined)?.forMicros

/** After an event that did not take it: 'next' is over. */
function livesOn(steps: readonly ProgramStep[], { kind, to }: Option): boolean {
  if (steps[to]?.kind === 'all') return true
  return takesOf(steps[to]).some(({ inner, follow }) => (kind === 'loop' ? inner : follow) !== 'next')
}
