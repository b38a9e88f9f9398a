import type { Evidence } from '../../match.ts'
import { isMicros, type Micros } from '../../time.ts'
import type { Compiled } from '../compile/compile.ts'
import type { Placed } from '../compile/compiling.ts'
import { streamsOf, type Rule } from '../document.ts'
import { spaceOf, sortedKeys } from '../engine/state.ts'
import type { RuleEvent } from '../events.ts'
import { fieldOf } from '../fields.ts'
import type { Frame, Taken, Value } from '../frame.ts'
import type { Let } from '../compile/lets.ts'
import { told } from '../pattern/partials.ts'
import { preparePattern } from '../pattern/prepare.ts'
import { isFurther, type Lost } from '../pattern/trace.ts'
import type { Allot, Program } from '../program.ts'
import { takesOf } from '../compile/takes.ts'
import { absentReason, type Known } from './absent.ts'
import { coverageOf, watchingCompile } from './coverage.ts'
import type { Absence, Explanation, KeyValues, Miss, NearPattern, ShortHold } from './explanation.ts'
import { isNearer, lacksOf } from './misses.ts'
import { bestOf } from './near.ts'
import type { Run } from './run.ts'

const MOST_TOLD = 5
const MOST_ABSENCES = 50

/** Whether a key has these of its values. */
export const isOf = (values: KeyValues, key: KeyValues): boolean =>
  Object.entries(key).every(([name, value]) => values[name] === value)

const keyOf = ({ by }: Rule, event: RuleEvent): KeyValues =>
  Object.fromEntries(by.map((name) => [name, String(fieldOf(event.stream, name)?.read(event) ?? '')]))

const placeOf = ({ stream, offset, at, exchange, symbol }: RuleEvent): Evidence => ({
  stream,
  offset,
  at,
  exchange,
  symbol,
})

/** Nobody looks after a partial when its time is up, unless it is to be written: it ended then all the same. */
function stillOpen(one: Lost, from: number, withinMicros: number): Ending {
  const deadline = from + withinMicros
  return one.at >= deadline && isMicros(deadline) ? { ...one, why: 'within', at: deadline } : { ...one, why: 'open' }
}

/** What passed `where` is nearer than anything that did not. */
const isNearerMiss = (one: Miss, other: Miss): boolean =>
  one.pointer === other.pointer || (one.pointer !== WHERE && other.pointer !== WHERE)
    ? isNearer(one.lacks, other.lacks)
    : other.pointer === WHERE
const WHERE = '/where'

type Ending = Omit<Lost, 'why'> & { readonly why: NearPattern['why'] }
type Far = Pick<Lost, 'stage' | 'taken'> & { readonly near: NearPattern }

/** Sees all that a rule evaluates, and keeps what came nearest. `key`, `since`: as in explain.ts. */
export function eyes(rule: Rule, program: Program, since: Micros, key: KeyValues | undefined) {
  const watch = watchingCompile()
  const streams = new Set(streamsOf(rule))
  const nearest = bestOf<Miss>(MOST_TOLD, isNearerMiss)
  const holds = bestOf<ShortHold>(MOST_TOLD, (one, other) => one.lastedMicros > other.lastedMicros)
  const far = bestOf<Far>(MOST_TOLD, isFurther)
  const absences = new Map<string, Absence>()
  const holding = new Map<string, { readonly key: KeyValues; readonly from: Micros }>()
  const misses = new WeakMap<Taken, Map<string, Miss>>()
  const names = program.body.kind === 'pattern' ? program.body.pattern.names : []
  const wanted = program.body.kind === 'when' ? program.body.holdMicros : 0
  const pointers = pointersOf(rule)
  const silence = silenceOf(rule)
  let known: Known = { lets: new Map<string, Let>(), textOf: String }
  let [events, passed, stamp] = [0, 0, -1]

  const wantedKey = Object.entries(key ?? {})
  const isAsked = ({ now, event }: Frame): boolean =>
    now >= since && wantedKey.every(([name, one]) => String(fieldOf(event.stream, name)?.read(event) ?? '') === one)

  function evaluated(placed: Placed, frame: Frame, value: Value): void {
    const { role, pointer } = placed
    if (!CONDITIONS.has(role) || pointer.startsWith('/let/')) return
    if (role === 'where' || (program.where === undefined && frame.stamp !== stamp)) seen(frame, value)
    if (value === undefined) tellAbsent(placed, frame)
    if (role === 'when' && wanted > 0) held(frame, value === true)
    if (value !== true && (role === 'where' || role === 'when' || role === 'if')) missed(placed, frame)
  }

  function seen(frame: Frame, value: Value): void {
    if (!streams.has(frame.event.stream)) return
    stamp = frame.stamp
    events += 1
    if (program.where === undefined || value === true) passed += 1
  }

  function tellAbsent({ pointer, node, text }: Placed, frame: Frame): void {
    const reason = absentReason(node, text, frame, known)
    const before = absences.get(`${pointer} ${reason}`)
    if (before === undefined && absences.size >= MOST_ABSENCES) return
    absences.set(`${pointer} ${reason}`, { pointer, reason, times: (before?.times ?? 0) + 1 })
  }

  function missed(placed: Placed, frame: Frame): void {
    const { event, now, taken } = frame
    const lacks = lacksOf(placed, frame, known)
    const miss: Miss = { pointer: placed.pointer, at: now, key: keyOf(rule, event), event: placeOf(event), lacks }
    if (taken === undefined) return nearest.offer(miss)
    const own = misses.get(taken) ?? new Map<string, Miss>()
    misses.set(taken, own)
    const before = own.get(placed.pointer)
    if (before === undefined || isNearer(lacks, before.lacks)) own.set(placed.pointer, miss)
  }

  function held({ event, now }: Frame, isTrue: boolean): void {
    const own = keyOf(rule, event)
    const id = JSON.stringify(own)
    const began = holding.get(id)
    if (isTrue && began === undefined) holding.set(id, { key: own, from: now })
    if (isTrue || began === undefined) return
    holding.delete(id)
    tellHold(began, now, false)
  }

  function tellHold(began: { readonly key: KeyValues; readonly from: Micros }, now: Micros, isOpen: boolean): void {
    const lastedMicros = now - began.from
    if (lastedMicros < wanted) holds.offer({ ...began, lastedMicros, wantedMicros: wanted, isOpen })
  }

  function lost(one: Ending): void {
    const { taken, stage, waited, why, at, by } = one
    const own = keyOf(rule, taken.event)
    if (at < since || (key !== undefined && !isOf(own, key))) return
    const step = waited === undefined ? undefined : (names[waited] ?? '')
    const chain: NearPattern['taken'][number][] = []
    for (let each: Taken | undefined = taken; each !== undefined; each = each.before)
      chain.push({ step: names[each.name] ?? '', event: placeOf(each.event) })
    const near = {
      key: own,
      taken: chain.toReversed(),
      waitedFor: step ?? silence,
      why,
      at,
      endedBy: by && placeOf(by),
      nearest: misses.get(taken)?.get(pointers.get(step ?? '') ?? ''),
    }
    far.offer({ stage, taken, near })
  }

  return {
    compile(one: Rule, allot: Allot): Compiled {
      const compiled = watch.compile(one, allot, { evaluated, isAsked, trace: { lost, missed: () => undefined } })
      const lets = watch.lets()
      known = {
        lets,
        textOf: (name) => {
          const text = rule.let?.[name]
          return typeof text === 'string' ? text : name
        },
      }
      return compiled
    },
    found(run: Run, matches: Explanation['matches']): Explanation {
      const heldBack: Explanation['heldBack'][number][] = []
      const version = run.state.versions.find((one) => one.rule.id === rule.id)
      const pattern =
        program.body.kind === 'pattern' ? preparePattern(program.body.pattern, { byThresholds: false }) : undefined
      for (const { values, rules } of sortedKeys(spaceOf(run.state, rule.by))) {
        const own = Object.fromEntries(rule.by.map((name, at) => [name, values[at] ?? '']))
        const of = rules[version?.place ?? -1]
        if (of === undefined || (key !== undefined && !isOf(own, key))) continue
        if (of.suppressed > 0)
          heldBack.push({ key: own, times: of.suppressed, until: isMicros(of.coolUntil) ? of.coolUntil : undefined })
        for (const partial of pattern === undefined ? [] : (of.pattern?.scanned ?? []))
          if (pattern !== undefined)
            told(pattern, partial, 'contiguity', run.state.now, {
              lost: (one) => lost(stillOpen(one, partial.first.at, pattern.program.withinMicros)),
              missed: () => undefined,
            })
      }
      for (const began of holding.values()) tellHold(began, run.state.now, true)
      return {
        matches,
        events,
        passed,
        misses: nearest.list(),
        holds: holds.list(),
        patterns: far.list().map(({ near }) => near),
        absent: [...absences.values()],
        heldBack,
        coverage: coverageOf(watch),
      }
    },
  }
}

const CONDITIONS: ReadonlySet<Placed['role']> = new Set(['where', 'when', 'release', 'if', 'not', 'until'])

/** What a last `not` waits for, as it is written. */
function silenceOf({ pattern }: Rule): string {
  const last = pattern?.steps.at(-1)
  return last !== undefined && 'not' in last ? `not ${last.not.if}, for ${last.for ?? ''}` : ''
}

/** Of the condition of each step, by the step's name. */
function pointersOf({ pattern }: Rule): ReadonlyMap<string, string> {
  return new Map((pattern === undefined ? [] : takesOf(pattern)).map(({ step, pointer }) => [step.as, `${pointer}/if`]))
}
