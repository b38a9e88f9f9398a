import type { Effects } from '../../processor.ts'
import type { Compiled } from '../compile/compile.ts'
import type { Rule, Scope } from '../document.ts'
import type { MatchEvent, Stream } from '../events.ts'
import type { Frame } from '../frame.ts'
import type { Machine, Source } from '../machine.ts'
import type { Allot, Program } from '../program.ts'
import type { Ended } from '../pattern/state.ts'
import { preparePattern, type PreparedPattern } from '../pattern/prepare.ts'
import type { ReadRuleSet } from '../read/rule-set.ts'
import type { RuleOutput } from './batch.ts'
import { indexOf, type Guarded, type Index } from './dispatch.ts'
import { prepare, type Feed, type Slots } from './feed.ts'
import { readersOf, type KeyReader } from './keys.ts'
import { NO_READS, readsOf } from './ranks.ts'
import { initialKeyRule, spaceOf, type Key, type KeyRule, type RulesState, type Space, type Version } from './state.ts'

/** How documents become programs. */
export type Making = {
  readonly scope: Scope
  readonly readSet: (document: unknown) => ReadRuleSet
  readonly compile: (rule: Rule, allot: Allot) => Compiled
  /** A rule that holds more in a partition is halted; of rules.md section 11, four times the quota of a rule. */
  readonly limitBytes: number
}

/** All that runs for one state; made of it, and made again when its versions change or it was restored. */
export type Lineup = {
  readonly state: RulesState
  readonly frame: Frame
  effects: Effects<RuleOutput>
  seats: readonly Seat[]
  seatOf: ReadonlyMap<Version, Seat>
  streams: Readonly<Record<Stream, readonly Lane[]>>
  /** What the event at hand may enter. */
  readonly entered: Feed[]
  /** Who may match the event at hand. */
  readonly found: Seat[]
  /** Written in this batch and not yet shown to the rules that read matches. */
  readonly queue: MatchEvent[]
  /** Of the record at hand. */
  offset: number
  /** The lowest of the versions' {@link Version.takesOver}. */
  takesOver: number
  /** Whose pattern is at work, and whether a timer is the cause. */
  endingSeat: Seat | undefined
  endingOf: KeyRule | undefined
  isTimer: boolean
  readonly ended: Ended
  /** So many timers are looked through for void ones. */
  tidyAt: number
  /** T from which counts are told again. */
  tellsFrom: number
}

/** A version at work. */
export type Seat = Slots & {
  readonly version: Version
  readonly program: Program
  readonly space: Space
  readonly pattern: PreparedPattern | undefined
  /** Whether it says when a firing ended. */
  readonly isResolving: boolean
  /** Whether it knows nothing of a key but what the record says. */
  readonly isKeyless: boolean
  /** Rules whose matches it is given. */
  readonly reads: ReadonlySet<string>
  /** Stamp of the event that it was last found for, and the key of that event. */
  mark: number
  key: Key | undefined
  evaluated: number
  /** Events at which its condition was absent: `where`, `when`. */
  unclear: number
  undecided: number
}

/** What a rule knows of a key that it sees for the first time; the states that it reads are made. */
export function meet(seat: Seat, key: Key): KeyRule {
  prepare(seat, key)
  const of = initialKeyRule()
  key.rules[seat.version.place] = of
  return of
}

/** A space as events of one stream see it. */
export type Lane = {
  readonly space: Space
  readonly readers: readonly KeyReader[]
  readonly feeds: readonly Feed[]
  /** Finds those of them that an event may enter, where conditions tell; undefined: all. */
  readonly feedIndex: Index<Feed> | undefined
  readonly index: Index<Seat>
  /** By place, to find those that are not idle. */
  readonly seats: readonly (Seat | undefined)[]
}

/** A version's program with what it was allotted. Kept as long as the version is: slots stay where they are. */
type Made = { readonly program: Program; readonly allotted: readonly Allotted[] }
type Allotted = {
  readonly slot: number
  readonly source: Source
  readonly needs: Slots
}
export type Workshop = WeakMap<Version, Made>

/** What stands still while the versions stand: the rest of a lineup is its maker's. Throws TypeError for a version that does not compile: activation has tried it. */
export function lineUp(
  state: RulesState,
  making: Making,
  workshop: Workshop,
): Pick<Lineup, 'seats' | 'seatOf' | 'streams' | 'takesOver'> {
  const reads = readsOf(state.versions)
  const machines = new Map<Space, Map<number, Allotted>>()
  const made = state.versions
    .filter(({ status }) => status === 'listening' || status === 'speaking')
    .map((version) => {
      const one = makeVersion(state, version, making, workshop)
      const space = spaceOf(state, version.rule.by)
      const own = machines.get(space) ?? new Map<number, Allotted>()
      machines.set(space, own)
      // The first of each stays: what it rests on was allotted before it.
      for (const allotted of one.allotted) if (!own.has(allotted.slot)) own.set(allotted.slot, allotted)
      return seatOf(version, one, space, reads.get(version) ?? NO_READS)
    })
  for (const space of state.spaces.values()) release(space, machines.get(space) ?? new Map())
  const lanesOf = (stream: Stream): readonly Lane[] =>
    [...state.spaces.values()].flatMap((space) => laneOf(stream, space, made, machines.get(space)) ?? [])
  const seats = made.toSorted((a, b) => a.version.order - b.version.order)
  return {
    seats,
    seatOf: new Map(seats.map((seat) => [seat.version, seat])),
    streams: {
      trade: lanesOf('trade'),
      quote: lanesOf('quote'),
      best: lanesOf('best'),
      candle: lanesOf('candle'),
      opportunity: lanesOf('opportunity'),
      spread: lanesOf('spread'),
      match: lanesOf('match'),
      gap: lanesOf('gap'),
    },
    takesOver: Math.min(
      ...state.versions.map(({ status, takesOver }) => (status === 'listening' ? takesOver : Infinity)),
    ),
  }
}

/** Compiles a version, finding each of its sources a slot. */
function makeVersion(state: RulesState, version: Version, { compile }: Making, workshop: Workshop): Made {
  const known = workshop.get(version)
  if (known !== undefined) return known
  const allotted: Allotted[] = []
  const { rule, isShadow, fresh, place } = version
  let isOwn = false
  const compiled = compile(rule, (by, source) => {
    // Which matches enter is for each rule to say, and so what rests on them, which is allotted after them.
    isOwn ||= source.streams.includes('match')
    const owner = isOwn ? `${rule.id}@${rule.version} ${isShadow ? 'shadow' : ''} ${place} ` : ''
    const slot = allot(spaceOf(state, by), `${fresh === 0 ? '' : `${fresh} `}${owner}${source.id}`, source.machine)
    allotted.push({ slot, source, needs: slotsOf(allotted) })
    return slot
  })
  if (!('program' in compiled)) throw new TypeError(`rule ${rule.id}@${rule.version} does not compile`)
  const made = { program: compiled.program, allotted }
  workshop.set(version, made)
  return made
}

function allot(space: Space, id: string, machine: Machine): number {
  const { sources } = space
  const known = sources.indexOf(id)
  if (known >= 0) return known
  const free = sources.indexOf('')
  const slot = free >= 0 ? free : sources.length
  sources[slot] = id
  for (const inner of space.keys.values())
    for (const { slots } of inner.values()) if (slots[slot] !== undefined) slots[slot] = machine.initial()
  return slot
}

/** Frees the slots that nobody reads any more. */
function release(space: Space, used: ReadonlyMap<number, unknown>): void {
  for (const [slot, id] of space.sources.entries()) {
    if (id === '' || used.has(slot)) continue
    space.sources[slot] = ''
    for (const inner of space.keys.values())
      for (const { slots } of inner.values()) if (slots[slot] !== undefined) slots[slot] = {}
  }
}

/** Each once. */
function slotsOf(allotted: readonly Allotted[]): Slots {
  const all = [...new Map(allotted.map((one) => [one.slot, one.source.machine]))]
  return { slots: all.map(([slot]) => slot), machines: all.map(([, machine]) => machine) }
}

function seatOf(version: Version, { program, allotted }: Made, space: Space, reads: ReadonlySet<string>): Seat {
  const { body, cooldown, evidence } = program
  const { slots, machines } = slotsOf(allotted)
  const isKeyless =
    body.kind === 'when' &&
    body.edge === 'every' &&
    cooldown === undefined &&
    evidence.events === 0 &&
    slots.length === 0
  return {
    version,
    program,
    space,
    pattern: body.kind === 'pattern' ? preparePattern(body.pattern) : undefined,
    isResolving: body.kind === 'when' && (body.release !== undefined || body.edge === 'change'),
    slots,
    machines,
    isKeyless,
    reads,
    mark: -1,
    key: undefined,
    evaluated: 0,
    unclear: 0,
    undecided: 0,
  }
}

function laneOf(
  stream: Stream,
  space: Space,
  all: readonly Seat[],
  allotted: ReadonlyMap<number, Allotted> | undefined,
): Lane | undefined {
  const readers = readersOf(stream, space.by)
  if (readers === undefined) return undefined
  const owners = ownersOf(all, space)
  const entries = [...(allotted ?? [])]
    .map(([, one]) => one)
    .filter(({ source }) => source.streams.includes(stream))
    .map(({ slot, source: { where, machine }, needs }, rank) => ({
      seat: { slot, rank, where, machine, needs, reads: owners.get(slot)?.reads ?? NO_READS },
      guards: owners.get(slot)?.program.whereGuards ?? [],
    }))
  const feeds = entries.map(({ seat }) => seat)
  const feedIndex = entries.some((one) => one.guards.length > 0) ? indexOf(stream, entries) : undefined
  const own = all.filter((seat) => seat.space === space && seat.program.streams.includes(stream))
  if (own.length === 0 && feeds.length === 0) return undefined
  const seats: (Seat | undefined)[] = space.places.map(() => undefined)
  for (const seat of own) seats[seat.version.place] = seat
  return { space, readers, feeds, feedIndex, index: indexOf(stream, own.map(guarded)), seats }
}

/** One rule of each slot: those that share a source have the same `where`, and one that takes matches is not shared. */
function ownersOf(all: readonly Seat[], space: Space): ReadonlyMap<number, Seat> {
  const found = new Map<number, Seat>()
  for (const seat of all) if (seat.space === space) for (const slot of seat.slots) found.set(slot, seat)
  return found
}

/** A when-rule's guards are those of its condition too: what keeps the last events must see all that pass `where`. */
const guarded = (seat: Seat): Guarded<Seat> => ({
  seat,
  guards: seat.program.body.kind === 'when' && seat.program.evidence.events > 0 ? [] : seat.program.guards,
})
