import {
  candidate,
  findAgain,
  isNews,
  liveOn,
  openUp,
  sent,
  type Entity,
  type Open,
} from '../../../core/arbitrage/life.ts'
import type { CloseReason, Phase } from '../../../core/opportunity.ts'
import type { Effects } from '../../../core/processor.ts'
import type { Micros } from '../../../core/time.ts'
import { setTimer, takeTimer } from '../../../core/timers.ts'
import type { MarketEvent, MarketTick } from '../events.ts'
import { edgeOf, judge, routeExpiry, type CrossFound, type InForce } from './judge.ts'
import { recordOf } from './record.ts'
import { DUE, type Due, type Route } from './routes.ts'
import type { CrossState } from './state.ts'

/** One record's way through the stage; `candidates` counts those it made. */
export type Step = {
  readonly state: CrossState
  readonly event: MarketTick
  readonly effects: Effects<MarketEvent>
  candidates: number
}
type Living = Entity<CrossFound>

/** A record touched the route: what it gives now, and what follows for what lives on it. */
export function evaluate(step: Step, route: Route): void {
  const { force } = step.state
  if (force === undefined) return
  const { entity } = route
  if (entity === undefined) begin(step, route, force)
  else if (entity.open === undefined) hold(step, route, entity, force)
  else goOn(step, route, entity, entity.open, force)
  schedule(step.state, route)
}

/** Writes an UPDATE if there is news. */
export function look(step: Step, route: Route, entity: Living): void {
  const { state, event } = step
  const { open: opened } = entity
  if (state.force === undefined || opened === undefined) return
  if (!isNews(entity, opened, event.now, state.force.config)) return
  liveOn(entity, opened, event.now, state.force.config, false)
  write(step, route, entity, 'UPDATE', event.now)
  sent(entity, opened, event.now)
}

/** Ends what lives on a route by the record that is being processed. */
export function close(step: Step, route: Route, entity: Living, reason: CloseReason): void {
  end(step, route, entity, reason, step.event.now, false)
}

/** Runs all that is due up to T: in order of time, then of kind, then of route. */
export function runTimers(step: Step): void {
  const { state, event } = step
  for (let first = state.timers[0]; first !== undefined && first.at <= event.now; first = state.timers[0]) {
    takeTimer(state.timers, isBefore)
    const { route } = first
    // One that was set earlier has taken its place.
    if (route.due !== first) continue
    route.due = undefined
    const due = dueOf(state, route)
    if (due !== undefined && due.at === first.at && due.kind === first.kind) runTimer(step, due)
    schedule(state, route)
  }
}

function begin(step: Step, route: Route, force: InForce): void {
  const { openBps, minHoldMs } = force.config
  const edgeBps = edgeOf(route)
  if (edgeBps < openBps) return
  const { now, partition, offset } = step.event
  const found = judge(route, now, force)
  if (found === 'rate') step.effects.count('rate')
  if (!isOpening(found, force)) return
  const entity = candidate(`x:${partition}:${offset}:${step.candidates}`, now, found, force.config)
  step.candidates += 1
  route.entity = entity
  if (minHoldMs === 0) open(step, route, entity)
}

function hold(step: Step, route: Route, entity: Living, force: InForce): void {
  const found = judge(route, step.event.now, force)
  if (isOpening(found, force)) entity.found = found
  else flicker(step, route)
}

/** The edge is asked before the depth: an edge that is gone leaves no profit either. */
function goOn(step: Step, route: Route, entity: Living, opened: Open, force: InForce): void {
  const { now } = step.event
  const found = judge(route, now, force)
  if (typeof found === 'string') return close(step, route, entity, found)
  const isEdge = found.edgeBps >= force.config.closeBps
  if (isEdge && !found.isDeep) return close(step, route, entity, 'depth')
  liveOn(entity, opened, now, force.config, false)
  findAgain(entity, opened, found)
  if (isEdge) look(step, route, entity)
  else close(step, route, entity, 'edge')
}

const isOpening = (found: ReturnType<typeof judge>, { config }: InForce): found is CrossFound =>
  typeof found !== 'string' && found.edgeBps >= config.openBps && found.isDeep

function open(step: Step, route: Route, entity: Living): void {
  openUp(entity)
  write(step, route, entity, 'OPEN', entity.opensAt)
}

function flicker({ effects }: Step, route: Route): void {
  effects.count('flicker')
  route.entity = undefined
}

function end(step: Step, route: Route, entity: Living, reason: CloseReason, at: Micros, isTimer: boolean): void {
  const { force } = step.state
  if (force === undefined || entity.open === undefined) return flicker(step, route)
  liveOn(entity, entity.open, at, force.config, isTimer)
  write(step, route, entity, 'CLOSE', at, reason)
  route.entity = undefined
}

function runTimer(step: Step, { route, at, kind, reason }: Due): void {
  const { entity } = route
  if (entity === undefined) return
  if (kind === DUE.open) open(step, route, entity)
  else end(step, route, entity, reason, at, true)
}

/** What comes first for what lives on the route, if no record does. */
function dueOf({ force }: CrossState, route: Route): Due | undefined {
  const { entity } = route
  if (force === undefined || entity === undefined) return undefined
  const { opensAt, cutAt } = entity
  const expiry = routeExpiry(route, force)
  const ends: Due =
    expiry.at <= cutAt
      ? { route, at: expiry.at, kind: DUE.expiry, reason: expiry.guard }
      : { route, at: cutAt, kind: DUE.ttl, reason: 'ttl' }
  return entity.open === undefined && opensAt <= ends.at ? { ...ends, at: opensAt, kind: DUE.open } : ends
}

/** A timer that is set too early is set anew when it runs: heartbeats put ends off every second. */
function schedule(state: CrossState, route: Route): void {
  const due = dueOf(state, route)
  if (due === undefined || (route.due !== undefined && !isBefore(due, route.due))) return
  route.due = due
  setTimer(state.timers, due, isBefore)
}

function isBefore(one: Due, other: Due): boolean {
  if (one.at !== other.at) return one.at < other.at
  return one.kind === other.kind ? one.route.rank < other.route.rank : one.kind < other.kind
}

function write(step: Step, route: Route, entity: Living, phase: Phase, at: Micros, reason?: CloseReason): void {
  const { state, effects } = step
  if (state.force === undefined) return
  effects.emit({ kind: 'opportunity', opportunity: recordOf(route, entity, phase, at, state.force, reason) })
}
