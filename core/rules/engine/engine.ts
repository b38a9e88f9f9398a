import type { Stage } from '../../processor.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, micros, type Micros } from '../../time.ts'
import { compileRule } from '../compile/compile.ts'
import { RULES_DOCUMENT } from '../document.ts'
import type { GapEvent } from '../events.ts'
import { readRuleSet } from '../read/rule-set.ts'
import { begin, firstTakeOver, takeOver, takeRules } from './activation.ts'
import type { Batch, RuleOutput } from './batch.ts'
import { advance, isDue } from './clock.ts'
import { takeEvent } from './evaluate.ts'
import { tidyTimers } from './firing.ts'
import { haltHeavy, revive } from './halt.ts'
import { lineUp, type Lineup, type Making, type Workshop } from './lineup.ts'
import { tellEnd } from './patterns.ts'
import { putInOrder } from './ranks.ts'
import { initialState, type RulesState } from './state.ts'

/** All but the scope have defaults; others are for tests. */
export type RuleEngineSettings = Pick<Making, 'scope'> & Partial<Making>

/** Four times 64 MiB. */
const LIMIT_BYTES = 4 * 64 * 1024 * 1024

/**
 * Evaluates the rules that the log puts in force. Timers due up to T run before the record's events; each event first feeds the
 * aggregates, then the rules see it in their order; then the matches of the record go to the rules that read them.
 */
export function ruleEngine(settings: RuleEngineSettings): Stage<RulesState, Batch, RuleOutput> {
  const making: Making = { readSet: readRuleSet, compile: compileRule, limitBytes: LIMIT_BYTES, ...settings }
  const workshop: Workshop = new WeakMap()
  const lineups = new WeakMap<RulesState, Lineup>()

  // A look-up in a WeakMap takes as long as a simple rule does.
  let last: Lineup | undefined

  function lineupOf(state: RulesState): Lineup {
    if (last?.state === state) return last
    let lineup = lineups.get(state)
    if (lineup === undefined) {
      lineup = makeLineup(state)
      rebuild(lineup, making, workshop)
      lineups.set(state, lineup)
    }
    last = lineup
    return lineup
  }

  const hands = { takeOver, revive, weigh: (lineup: Lineup) => haltHeavy(lineup, making.limitBytes) }

  return {
    initial: initialState,
    step(state, { offset, now, events, control }, effects) {
      const lineup = lineupOf(state)
      lineup.effects = effects
      lineup.offset = offset
      if (now !== state.now) passTo(lineup, now)
      if (control !== undefined && control.documentId === RULES_DOCUMENT && takeRules(lineup, making, control)) {
        rebuild(lineup, making, workshop)
        if (lineup.takesOver <= now) passTo(lineup, now)
      }
      for (let i = 0; i < events.length; i++) {
        const event = events[i]
        if (event !== undefined) takeEvent(lineup, event, undefined)
      }
      if (lineup.queue.length > 0) showMatches(lineup)
      if (now >= lineup.tellsFrom) tellCounts(lineup, now)
    },
  }

  function passTo(lineup: Lineup, now: Micros): void {
    const { state } = lineup
    if (state.now === 0) {
      state.now = now
      state.minute = Math.floor(now / MICROS_PER_MINUTE)
      begin(lineup)
      lineup.takesOver = firstTakeOver(state)
    }
    if (isDue(lineup, now)) {
      const { versions } = state
      advance(lineup, now, hands)
      if (versions !== state.versions) rebuild(lineup, making, workshop)
    }
    state.now = now
  }
}

function makeLineup(state: RulesState): Lineup {
  const lineup: Lineup = {
    state,
    frame: { event: NOTHING, now: micros(0), stamp: 0, slots: [], taken: undefined, earlier: [] },
    effects: { emit: () => undefined, count: () => undefined },
    seats: [],
    seatOf: new Map(),
    streams: { trade: [], quote: [], best: [], candle: [], opportunity: [], spread: [], match: [], gap: [] },
    entered: [],
    found: [],
    queue: [],
    offset: 0,
    takesOver: Infinity,
    endingSeat: undefined,
    endingOf: undefined,
    isTimer: false,
    ended: (end) => tellEnd(lineup, end),
    tellsFrom: 0,
    tidyAt: 0,
  }
  return lineup
}

/** After versions came or went. */
function rebuild(lineup: Lineup, making: Making, workshop: Workshop): void {
  const { state } = lineup
  putInOrder(state)
  Object.assign(lineup, lineUp(state, making, workshop))
  tidyTimers(lineup)
}

/** It ends: of no rule's matches can come another of its own, whatever versions are at work (ranks.ts). */
function showMatches(lineup: Lineup): void {
  const { queue } = lineup
  for (let i = 0; i < queue.length; i++) {
    const one = queue[i]
    if (one !== undefined) takeEvent(lineup, one, one.ruleId)
  }
  queue.length = 0
}

/** Once a second of T: told at each event, counts would cost more than what they count. */
function tellCounts(lineup: Lineup, now: Micros): void {
  const {
    seats,
    effects: { count },
  } = lineup
  lineup.tellsFrom = now + MICROS_PER_SECOND
  for (const seat of seats) {
    const { id } = seat.version.rule
    if (seat.evaluated > 0) count('rule_evaluated', seat.evaluated)
    if (seat.unclear > 0) count(`rule_absent ${id} where`, seat.unclear)
    if (seat.undecided > 0) count(`rule_absent ${id} when`, seat.undecided)
    seat.evaluated = 0
    seat.unclear = 0
    seat.undecided = 0
  }
}

/** What the frame holds before the first event. */
const NOTHING: GapEvent = {
  stream: 'gap',
  offset: 0,
  at: micros(0),
  feed: 'SIMULATED',
  exchange: undefined,
  symbol: undefined,
  base: undefined,
  quoteAsset: undefined,
  eventTime: NaN,
  receiveTime: NaN,
  sequence: NaN,
  reason: '',
  from: NaN,
  to: NaN,
  backfilled: false,
}
