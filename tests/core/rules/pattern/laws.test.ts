import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../../core/rules/frame.ts'
import { lastTaken } from '../../../../core/rules/pattern/taken.ts'
import type { PatternEnd } from '../../../../core/rules/pattern/state.ts'
import type {
  PatternProgram,
  ProgramSkip,
  ProgramStep,
  ProgramTake,
  StepCondition,
  Threshold,
} from '../../../../core/rules/program.ts'
import { reference, writtenText, type Written } from './reference.ts'
import { condition, priceOf, program, runPattern, take, trade } from './support.ts'

const FOLLOW = fc.constantFrom('next', 'followed', 'any')
const SOMETIMES = fc.nat(3).map((one) => one === 0)

/** Of small whole prices. */
const simple: fc.Arbitrary<StepCondition> = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map((least) => condition(({ event }) => priceOf(event) >= least)),
  fc.nat(3).map((price) => condition(({ event }) => priceOf(event) === price)),
  fc.nat(3).map((price) => condition(({ event }) => priceOf(event) !== price)),
  fc.constant(condition(() => true)),
)

/** Against the price of the first step's last event, as a threshold too. */
const compared: fc.Arbitrary<StepCondition> = fc
  .record({ op: fc.constantFrom('<', '<=', '>', '>='), plus: fc.integer({ min: -2, max: 2 }) })
  .map(({ op, plus }) => {
    const ofEvent = ({ event }: Frame): number => priceOf(event)
    const ofTaken = ({ taken }: Frame): number => {
      const one = lastTaken(taken, 0)
      return one === undefined ? NaN : priceOf(one.event) + plus
    }
    const whole = (frame: Frame): boolean | undefined => holds(op, ofEvent(frame), ofTaken(frame))
    return { ...condition(whole), threshold: { op, ofEvent, ofTaken } }
  })

function holds(op: Threshold['op'], left: number, right: number): boolean | undefined {
  if (Number.isNaN(left) || Number.isNaN(right)) return undefined
  if (op === '<') return left < right
  if (op === '<=') return left <= right
  return op === '>' ? left > right : left >= right
}

const anyCondition = fc.oneof(simple, compared)

type Draft = {
  readonly step: ProgramTake
  readonly many: readonly ProgramTake[]
  readonly kind: 'take' | 'any' | 'all'
}
const draft = (heavy: boolean): fc.Arbitrary<Draft> =>
  fc
    .record({
      kind: heavy
        ? fc.constant('take' as const)
        : fc.constantFrom('take' as const, 'take' as const, 'take' as const, 'any' as const, 'all' as const),
      if: heavy ? compared : anyCondition,
      other: anyCondition,
      follow: heavy ? fc.constant('followed' as const) : FOLLOW,
      otherFollow: FOLLOW,
      inner: FOLLOW,
      times: heavy
        ? fc.constantFrom([1, 1], [1, 1], [1, 1], [1, 2])
        : fc.constantFrom([1, 1], [1, 1], [1, Infinity], [2, 2], [2, 3], [1, 2]),
      greedy: SOMETIMES,
      optional: SOMETIMES,
      until: fc.option(simple, { freq: 4 }),
      gap: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 5 }),
    })
    .map((one) => {
      const { kind, follow, inner } = one
      const [least = 1, most = 1] = one.times
      const isAny = follow === 'any' || inner === 'any'
      const step = {
        ...take(0, () => true, { follow, inner }),
        if: one.if,
        least,
        most,
        greedy: one.greedy && !isAny && !heavy,
        optional: one.optional && !heavy,
        until: one.until === null || most === 1 ? undefined : one.until.whole,
        gapMicros: one.gap === null || heavy ? undefined : one.gap,
      }
      const single = { ...step, least: 1, most: 1, greedy: false, optional: false, until: undefined }
      return { kind, step, many: [single, { ...single, if: one.other, follow: one.otherFollow }] }
    })

const guard: fc.Arbitrary<Extract<ProgramStep, { kind: 'not' }>> = fc
  .record({ if: anyCondition, follow: fc.constantFrom('next', 'followed') })
  .map((one) => ({ kind: 'not', streams: ['trade'], forMicros: undefined, ...one }))

const SKIPS = ['none', 'to-next', 'past-last', 'toFirst', 'toLast'] as const

/** Small patterns that the validator would let pass. */
const patterns = (skip: (typeof SKIPS)[number], heavy = false): fc.Arbitrary<PatternProgram> =>
  fc
    .record({
      first: simple,
      drafts: fc.array(draft(heavy), { minLength: 1, maxLength: heavy ? 3 : 4, size: 'max' }),
      guards: fc.array(
        fc.option(
          heavy ? fc.record({ not: guard, if: compared }).map(({ not, ...one }) => ({ ...not, ...one })) : guard,
          { freq: 2 },
        ),
        { minLength: 4, maxLength: 4 },
      ),
      absence: fc.option(fc.record({ guard, for: fc.integer({ min: 1, max: 4 }) }), { freq: 4 }),
      skipped: fc.nat(),
      withinMicros: fc.integer({ min: 4, max: 16 }),
      maxPartials: fc.constantFrom(1, 3, 6, 1000),
      onTimeout: SOMETIMES,
    })
    .map(({ first, drafts, guards, absence, skipped, ...more }) => {
      const steps: ProgramStep[] = []
      let name = 0
      const named = (one: ProgramTake): ProgramTake => ({ ...one, name: name++ })
      drafts.forEach(({ kind, step, many }, at) => {
        const isLast = at === drafts.length - 1
        const one = at === 0 ? { ...step, if: first } : step
        const alone = { ...one, greedy: one.greedy && !isLast, optional: one.optional && drafts.length > 1 && at !== 1 }
        steps.push(kind === 'take' ? { kind, ...named(alone) } : { kind, of: many.map(named) })
        const isFirm = kind !== 'take' || !alone.optional
        const not = guards[at]
        if (!isLast && isFirm && not !== null && not !== undefined) steps.push(not)
        if (isLast && isFirm && absence !== null && (kind !== 'take' || alone.least === alone.most))
          steps.push({ ...absence.guard, forMicros: absence.for })
      })
      return program(steps, { ...more, skip: skipTo(skip, skipped % name) })
    })

const skipTo = (kind: (typeof SKIPS)[number], name: number): ProgramSkip =>
  kind === 'toFirst' || kind === 'toLast' ? { kind, name } : { kind }

const eventsOf = (maxLength: number): fc.Arbitrary<readonly ReturnType<typeof trade>[]> =>
  fc
    .array(fc.record({ price: fc.nat(3), after: fc.constantFrom(0, 1, 1, 1, 2, 3) }), {
      minLength: 2,
      maxLength,
      size: 'max',
    })
    .map((all) => {
      let at = 0
      return all.map(({ price, after }, index) => trade(`${index + 1}`, { at: (at += after), price }))
    })
const renewalTimes = fc
  .uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 2 })
  .map((all) => all.toSorted((a, b) => a - b))

const writtenOf = (ends: readonly PatternEnd[]): readonly Written[] =>
  ends.map(({ kind, taken, at }) => ({ kind, text: writtenText(taken), at }))

/** Of renewals, where they come regularly. */
const PERIOD = 10

const RUNS = { numRuns: 800 }

describe.each(SKIPS)('skip %s', (skip) => {
  test('what is written, when and in what order, is what section 8 says', () => {
    fc.assert(
      fc.property(patterns(skip), eventsOf(14), renewalTimes, (of, events, renewals) => {
        const { ends, dropped } = runPattern(of, events, { renewals })
        expect({ written: writtenOf(ends), dropped }).toEqual(reference(of, events, renewals))
      }),
      RUNS,
    )
  })

  test('thresholds change nothing', () => {
    fc.assert(
      fc.property(patterns(skip, true), eventsOf(40), renewalTimes, (of, events, renewals) => {
        const { ends, dropped } = runPattern(of, events, { renewals })
        const plain = runPattern(of, events, { renewals, byThresholds: false })
        expect({ written: writtenOf(ends), dropped }).toEqual({
          written: writtenOf(plain.ends),
          dropped: plain.dropped,
        })
        expect({ written: writtenOf(ends), dropped }).toEqual(reference(of, events, renewals))
      }),
      RUNS,
    )
  })

  test('a state written and read again between any two events changes nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(patterns(skip), patterns(skip, true)),
        eventsOf(14),
        renewalTimes,
        (of, events, renewals) => {
          const { ends } = runPattern(of, events, { renewals })
          const { ends: again } = runPattern(of, events, { renewals, onState: structuredClone })
          expect(writtenOf(again)).toEqual(writtenOf(ends))
        },
      ),
      RUNS,
    )
  })

  test('nothing of more than `within` before a renewal matters after it', () => {
    fc.assert(
      fc.property(fc.oneof(patterns(skip), patterns(skip, true)), eventsOf(50), fc.nat(12), (of, events, left) => {
        const later = events.slice(left)
        const from = (later[0]?.at ?? Infinity) + of.withinMicros
        // Under 'none' and 'to-next' no renewal is needed.
        const renewed = skip === 'none' || skip === 'to-next' ? from : Math.ceil(from / PERIOD) * PERIOD
        const renewals = Array.from({ length: 20 }, (_, at) => (at + 1) * PERIOD)
        const after = (all: typeof events): readonly Written[] =>
          writtenOf(runPattern(of, all, { renewals }).ends).filter(({ at }) => at > renewed)
        expect(after(later)).toEqual(after(events))
      }),
      RUNS,
    )
  })
})
