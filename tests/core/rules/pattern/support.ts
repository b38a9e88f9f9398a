import type { RuleEvent, TradeEvent } from '../../../../core/rules/events.ts'
import type { Follow } from '../../../../core/rules/document.ts'
import type { Frame, Taken } from '../../../../core/rules/frame.ts'
import { patternDue, patternExpire, patternRenew } from '../../../../core/rules/pattern/expire.ts'
import { preparePattern } from '../../../../core/rules/pattern/prepare.ts'
import { patternInitial, type PatternEnd, type PatternState } from '../../../../core/rules/pattern/state.ts'
import { patternStep } from '../../../../core/rules/pattern/step.ts'
import type { PatternTrace } from '../../../../core/rules/pattern/trace.ts'
import type {
  PatternProgram,
  ProgramSkip,
  ProgramStep,
  ProgramTake,
  StepCondition,
} from '../../../../core/rules/program.ts'
import { micros } from '../../../../core/time.ts'

export const DAY = 86_400_000_000

/** A trade with a name (its id), a price and a size. */
export const trade = (id: string, { at = 0, price = NaN, size = 1 } = {}): TradeEvent => ({
  stream: 'trade',
  id,
  side: undefined,
  price,
  size,
  exchange: 'kraken',
  symbol: 'BTC-USDT',
  base: 'BTC',
  quoteAsset: 'USDT',
  eventTime: at,
  receiveTime: at,
  sequence: 0,
  offset: 0,
  at: micros(at),
  feed: 'SIMULATED',
})

export const idOf = (event: RuleEvent): string => (event.stream === 'trade' ? (event.id ?? '') : '')
export const priceOf = (event: RuleEvent): number => (event.stream === 'trade' ? event.price : NaN)

export const frameOf = (event: RuleEvent): Frame => ({
  event,
  now: event.at,
  stamp: 0,
  slots: [],
  taken: undefined,
  earlier: [],
})

export const condition = (read: (frame: Frame) => boolean | undefined): StepCondition => ({
  whole: { type: 'bool', read },
  threshold: undefined,
})

export const take = (
  name: number,
  test: (frame: Frame) => boolean | undefined,
  more: Partial<ProgramTake> = {},
): ProgramTake => {
  const follow = more.follow ?? 'followed'
  return {
    name,
    streams: ['trade'],
    if: condition(test),
    inner: follow,
    least: 1,
    most: 1,
    greedy: false,
    optional: false,
    until: undefined,
    gapMicros: undefined,
    ...more,
    follow,
  }
}

export const program = (steps: readonly ProgramStep[], more: Partial<PatternProgram> = {}): PatternProgram => ({
  steps,
  names: [],
  captured: [],
  withinMicros: DAY,
  skip: { kind: 'none' },
  maxPartials: 4096,
  onTimeout: false,
  ...more,
})

type Test = (frame: Frame) => boolean | undefined

/**
 * The shorthand of rules-goldens.md section 2; `(a|b)` is a step that takes either. Names of steps are their letters, or all
 * letters in brackets. `tests` replaces "the name starts with that letter".
 */
export function shorthand(text: string, tests: Readonly<Record<string, Test>> = {}, skip = 'none'): PatternProgram {
  const steps: ProgramStep[] = []
  const names: string[] = []
  const testOf = (letters: string): Test =>
    tests[letters] ?? ((frame) => letters.split('|').includes(idOf(frame.event).charAt(0)))
  const tokens = text.split(/[ ,]+/)
  for (let at = 0; at < tokens.length; at++) {
    const parts = /^(!?)\(?([A-Za-z|]+)\)?(\+|\*|\{\d+\})?(\?)?(?::([nfy])(?:\/([nfy]))?)?$/.exec(tokens[at] ?? '')
    if (parts === null) throw new Error(`no step: ${tokens[at]}`)
    const [, not, letters = '', times, optional, follow = 'f', inner = follow] = parts
    if (not === '!') {
      const one = { kind: 'not', streams: ['trade'], if: condition(testOf(letters)), forMicros: undefined } as const
      steps.push({ ...one, follow: follow === 'n' ? 'next' : 'followed' })
      continue
    }
    const isGreedy = tokens[at + 1] === 'g'
    if (isGreedy) at++
    const isUntil = tokens[at + 1] === 'until'
    const until = isUntil ? testOf(tokens[at + 2] ?? '') : undefined
    if (isUntil) at += 2
    const isMany = times === '+' || times === '*'
    const exactly = times?.startsWith('{') === true ? Number(times.slice(1, -1)) : 1
    names.push(letters)
    const one = take(names.length - 1, testOf(letters), {
      follow: FOLLOWS[follow] ?? 'followed',
      inner: FOLLOWS[inner] ?? 'followed',
      least: exactly,
      most: isMany ? Infinity : exactly,
      greedy: isGreedy,
      optional: times === '*' || optional === '?',
      until: until === undefined ? undefined : { type: 'bool', read: until },
    })
    steps.push({ kind: 'take', ...one })
  }
  return program(steps, { names, skip: skipOf(skip, names) })
}

const FOLLOWS: Readonly<Record<string, Follow>> = { n: 'next', f: 'followed', y: 'any' }

function skipOf(text: string, names: readonly string[]): ProgramSkip {
  const [kind = '', letters = ''] = text.split(' ')
  const name = names.indexOf(letters)
  if (kind === 'toFirst' || kind === 'toLast') {
    if (name < 0) throw new Error(`no step: ${letters}`)
    return { kind, name }
  }
  if (kind === 'none' || kind === 'to-next' || kind === 'past-last') return { kind }
  throw new Error(`no skip: ${text}`)
}

export const chain = (taken: Taken | undefined): readonly Taken[] =>
  taken === undefined ? [] : [...chain(taken.before), taken]

export const matchText = ({ taken }: Pick<PatternEnd, 'taken'>): string =>
  chain(taken)
    .map(({ event }) => idOf(event))
    .join(' ')

/** What is written at the events and the deadlines between them, as the engine would have it; `renewals` are times. */
export function runPattern(
  of: PatternProgram,
  events: readonly RuleEvent[],
  {
    byThresholds = true,
    renewals = [],
    trace,
    onState,
  }: {
    readonly byThresholds?: boolean
    readonly renewals?: readonly number[]
    readonly trace?: PatternTrace
    /** May hand back another state to go on with. */
    readonly onState?: (state: PatternState) => PatternState
  } = {},
): { readonly ends: readonly PatternEnd[]; readonly dropped: number; readonly state: PatternState } {
  const pattern = preparePattern(of, { byThresholds })
  const ends: PatternEnd[] = []
  let state = patternInitial(pattern)
  let dropped = 0
  const [first] = events
  if (first === undefined) return { ends, dropped, state }
  const frame = frameOf(first)
  const ended = (end: PatternEnd): void => void ends.push(end)
  const expireTo = (now: number): void => {
    for (let due = patternDue(pattern, state); due !== undefined && due <= now; due = patternDue(pattern, state)) {
      frame.now = due
      patternExpire(pattern, state, frame, ended, trace)
    }
  }
  let renewed = 0
  const renewTo = (now: number): void => {
    for (; (renewals[renewed] ?? Infinity) <= now; renewed++) {
      const at = micros(renewals[renewed] ?? 0)
      expireTo(at)
      frame.now = at
      patternRenew(pattern, state, frame, ended, trace)
    }
  }
  for (const event of events) {
    renewTo(event.at)
    expireTo(event.at)
    frame.event = event
    frame.now = event.at
    frame.stamp++
    dropped += patternStep(pattern, state, frame, ended, trace)
    state = onState?.(state) ?? state
  }
  renewTo(Number.MAX_SAFE_INTEGER)
  expireTo(Number.MAX_SAFE_INTEGER)
  return { ends, dropped, state }
}

/** Trades with these names, a second apart. */
export const named = (names: string): readonly TradeEvent[] =>
  names.split(' ').map((id, at) => trade(id, { at: at * 1_000_000 }))
