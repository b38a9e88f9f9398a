import type { RuleEvent, Stream } from '../events.ts'
import { fieldOf } from '../fields.ts'
import type { Guard } from '../program.ts'

/** What is to be found: who may match an event, and conditions that the event must meet for that. */
export type Guarded<Seat> = { readonly seat: Seat; readonly guards: readonly Guard[] }

/** Finds those that may match an event; built for one stream. It costs what it finds, and a look-up per field that texts are compared with. */
export type Index<Seat> = { readonly hashes: readonly Hash<Seat>[]; readonly rest: Leaf<Seat> }

type Hash<Seat> = { readonly read: ReadText; readonly leaves: ReadonlyMap<string, Leaf<Seat>> }
type Leaf<Seat> = { readonly ladders: readonly Ladder<Seat>[]; readonly plain: readonly Seat[] }
/** Those whose bound on one number the event must pass, the easiest first; `floors`: what all of them ask besides. */
type Ladder<Seat> = Side & {
  readonly floors: readonly Step[]
  readonly steps: readonly Step[]
  readonly seats: readonly Seat[]
}
type Side = { readonly field: string; readonly isUp: boolean; readonly read: ReadNumber }
/** With `isUp`: the number must be above the bound, or equal unless `isStrict`. */
type Step = { readonly read: ReadNumber; readonly isUp: boolean; readonly bound: number; readonly isStrict: boolean }
type ReadText = (event: RuleEvent) => string | undefined
type ReadNumber = (event: RuleEvent) => number
type Among = Extract<Guard, { kind: 'in' }>
type Bounded = Exclude<Guard, Among>

/** Those with a condition on a field that the stream has not can match none of its events. */
export function indexOf<Seat>(stream: Stream, all: readonly Guarded<Seat>[]): Index<Seat> {
  const possible = all.filter(({ guards }) => guards.every(({ field }) => fieldOf(stream, field) !== undefined))
  const among = possible.flatMap(({ guards }) => guards.filter((guard) => guard.kind === 'in'))
  const variety = countBy(among, ({ field, values }) => values.map((value) => [field, value]))
  const byField = new Map<string, Map<string, Guarded<Seat>[]>>()
  const rest: Guarded<Seat>[] = []
  for (const one of possible) {
    const guard = one.guards
      .filter((own) => own.kind === 'in')
      .filter(({ field }) => textOf(stream, field) !== undefined)
      .toSorted((a, b) => (variety.get(b.field) ?? 0) - (variety.get(a.field) ?? 0) || (a.field < b.field ? -1 : 1))[0]
    if (guard === undefined) {
      rest.push(one)
      continue
    }
    const leaves = byField.get(guard.field) ?? new Map<string, Guarded<Seat>[]>()
    byField.set(guard.field, leaves)
    for (const value of new Set(guard.values)) {
      const leaf = leaves.get(value)
      if (leaf === undefined) leaves.set(value, [one])
      else leaf.push(one)
    }
  }
  const hashes = [...byField].flatMap(([field, leaves]) => {
    const read = textOf(stream, field)
    if (read === undefined) return []
    return [{ read, leaves: new Map([...leaves].map(([value, own]) => [value, leafOf(stream, own)])) }]
  })
  return { hashes, rest: leafOf(stream, rest) }
}

/** Appends to `found` who may match the event, each once, in no order. */
export function findIn<Seat>({ hashes, rest }: Index<Seat>, event: RuleEvent, found: Seat[]): void {
  for (let i = 0; i < hashes.length; i++) {
    const hash = hashes[i]
    if (hash === undefined) continue
    const text = hash.read(event)
    const leaf = text === undefined ? undefined : hash.leaves.get(text)
    if (leaf !== undefined) findInLeaf(leaf, event, found)
  }
  findInLeaf(rest, event, found)
}

function findInLeaf<Seat>({ ladders, plain }: Leaf<Seat>, event: RuleEvent, found: Seat[]): void {
  for (let i = 0; i < ladders.length; i++) {
    const ladder = ladders[i]
    if (ladder !== undefined && passesAll(ladder.floors, event)) climb(ladder, event, found)
  }
  for (let i = 0; i < plain.length; i++) {
    const seat = plain[i]
    if (seat !== undefined) found.push(seat)
  }
}

function climb<Seat>({ read, steps, seats }: Ladder<Seat>, event: RuleEvent, found: Seat[]): void {
  const x = read(event)
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]
    const seat = seats[i]
    if (step === undefined || seat === undefined || !passes(step, x)) return
    found.push(seat)
  }
}

function passesAll(steps: readonly Step[], event: RuleEvent): boolean {
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]
    if (step !== undefined && !passes(step, step.read(event))) return false
  }
  return true
}

/** Absent (NaN) passes nothing. */
const passes = ({ isUp, isStrict, bound }: Step, x: number): boolean =>
  isUp ? x > bound || (!isStrict && x === bound) : x < bound || (!isStrict && x === bound)

function leafOf<Seat>(stream: Stream, all: readonly Guarded<Seat>[]): Leaf<Seat> {
  const bounded = all.flatMap(({ guards }) => guards.filter((guard) => guard.kind !== 'in'))
  const variety = countBy(bounded, (guard) => [[sideName(guard), String(guard.bound)]])
  const plain: Seat[] = []
  const bySide = new Map<string, { readonly side: Side; readonly own: { step: Step; one: Guarded<Seat> }[] }>()
  for (const one of all) {
    const guard = one.guards
      .filter((own) => own.kind !== 'in')
      .filter(({ field }) => numberOf(stream, field) !== undefined)
      .toSorted((a, b) => (variety.get(sideName(b)) ?? 0) - (variety.get(sideName(a)) ?? 0) || compare(a, b))[0]
    const step = guard === undefined ? undefined : stepOf(stream, guard)
    if (guard === undefined || step === undefined) {
      plain.push(one.seat)
      continue
    }
    const name = sideName(guard)
    const known = bySide.get(name) ?? { side: { field: guard.field, isUp: step.isUp, read: step.read }, own: [] }
    bySide.set(name, known)
    known.own.push({ step, one })
  }
  const ladders = [...bySide.values()].map(({ side, own }) => {
    const sorted = own.toSorted((a, b) => easierFirst(a.step, b.step))
    return {
      ...side,
      floors: floorsOf(
        stream,
        side,
        own.map(({ one }) => one),
      ),
      steps: sorted.map(({ step }) => step),
      seats: sorted.map(({ one }) => one.seat),
    }
  })
  return { ladders, plain }
}

/** The easiest bound of each number that all of them bound on one side. */
function floorsOf<Seat>(stream: Stream, { field, isUp }: Side, all: readonly Guarded<Seat>[]): readonly Step[] {
  const names = new Set(all.flatMap(({ guards }) => guards.filter((guard) => guard.kind !== 'in').map(sideName)))
  names.delete(sideName({ kind: isUp ? 'above' : 'below', field, bound: 0 }))
  return [...names].flatMap((name) => {
    const hardest = all.map(({ guards }) =>
      guards
        .filter((guard) => guard.kind !== 'in')
        .filter((guard) => sideName(guard) === name)
        .flatMap((guard) => stepOf(stream, guard) ?? [])
        .toSorted(easierFirst)
        .at(-1),
    )
    const present = hardest.filter((step) => step !== undefined)
    const easiest = present.toSorted(easierFirst)[0]
    return easiest === undefined || present.length < all.length ? [] : [easiest]
  })
}

const easierFirst = (a: Step, b: Step): number =>
  a.bound === b.bound ? Number(a.isStrict) - Number(b.isStrict) : a.isUp ? a.bound - b.bound : b.bound - a.bound

const isUpward = (guard: Bounded): boolean => guard.kind === 'above' || guard.kind === 'atLeast'
const sideName = (guard: Bounded): string => `${guard.field} ${isUpward(guard) ? 'up' : 'down'}`
const compare = (a: Bounded, b: Bounded): number => (sideName(a) < sideName(b) ? -1 : 1)

function stepOf(stream: Stream, guard: Bounded): Step | undefined {
  const read = numberOf(stream, guard.field)
  const isStrict = guard.kind === 'above' || guard.kind === 'below'
  return read && { read, isUp: isUpward(guard), bound: guard.bound, isStrict }
}

function textOf(stream: Stream, name: string): ReadText | undefined {
  const field = fieldOf(stream, name)
  return field?.type === 'string' ? field.read : undefined
}

function numberOf(stream: Stream, name: string): ReadNumber | undefined {
  const field = fieldOf(stream, name)
  return field === undefined || field.type === 'string' || field.type === 'bool' ? undefined : field.read
}

/** How many different values stand beside each name. */
function countBy<One>(all: readonly One[], pairs: (one: One) => readonly (readonly string[])[]): Map<string, number> {
  const values = new Map<string, Set<string>>()
  for (const one of all)
    for (const [name = '', value = ''] of pairs(one)) values.set(name, (values.get(name) ?? new Set()).add(value))
  return new Map([...values].map(([name, own]) => [name, own.size]))
}
