import type { CloseReason, Life, Survival } from '../opportunity.ts'
import { MICROS_PER_MILLI, MICROS_PER_SECOND, micros, type Micros } from '../time.ts'
import type { ArbitrageConfig } from './config.ts'

/** What an evaluation finds, of any kind of opportunity. */
export type Found = { readonly edgeBps: number; readonly size: number; readonly profit: number }

type Bounds = Pick<
  ArbitrageConfig,
  'openBps' | 'minHoldMs' | 'ttlMs' | 'delaysMs' | 'updateBps' | 'updateSizePct' | 'updateEveryMs'
>

/** From the first evaluation that was good enough until it closes (arbitrage.md section 4); changed in place. */
export type Entity<Finding extends Found> = {
  readonly id: string
  /** When it opens if nothing comes between, and when it is cut: the first multiple of ttl after it began. */
  readonly opensAt: Micros
  readonly cutAt: Micros
  /** As last evaluated. */
  found: Finding
  open: Open | undefined
}

/** What is summed up while it is open, up to `until`. */
export type Open = {
  readonly openedAt: Micros
  until: Micros
  sentAt: Micros
  sentBps: number
  sentSize: number
  updates: number
  peakBps: number
  peakProfit: number
  /** Integrals over microseconds. */
  edgeTime: number
  profitTime: number
  /** The edge in force at each delay that has passed. */
  readonly survived: number[]
}

export const candidate = <Finding extends Found>(
  id: string,
  since: Micros,
  found: Finding,
  { minHoldMs, ttlMs }: Bounds,
): Entity<Finding> => {
  const ttl = ttlMs * MICROS_PER_MILLI
  return {
    id,
    opensAt: micros(since + minHoldMs * MICROS_PER_MILLI),
    cutAt: micros((Math.floor(since / ttl) + 1) * ttl),
    found,
    open: undefined,
  }
}

export function openUp<Finding extends Found>(entity: Entity<Finding>): Open {
  const { opensAt, found } = entity
  const { edgeBps, profit, size } = found
  entity.open = {
    openedAt: opensAt,
    until: opensAt,
    sentAt: opensAt,
    sentBps: edgeBps,
    sentSize: size,
    updates: 0,
    peakBps: edgeBps,
    peakProfit: profit,
    edgeTime: 0,
    profitTime: 0,
    survived: [],
  }
  return entity.open
}

/**
 * What was found before holds until `at`; `isTimer`: what happens there comes before a delay that ends at the same moment, a
 * record after it.
 */
export function liveOn(entity: Entity<Found>, open: Open, at: Micros, { delaysMs }: Bounds, isTimer: boolean): void {
  const { edgeBps, profit } = entity.found
  for (let next = delaysMs[open.survived.length]; next !== undefined; next = delaysMs[open.survived.length]) {
    const end = open.openedAt + next * MICROS_PER_MILLI
    if (isTimer ? end >= at : end > at) break
    open.survived.push(edgeBps)
  }
  open.edgeTime += edgeBps * (at - open.until)
  open.profitTime += profit * (at - open.until)
  open.until = at
}

/** Takes a new evaluation, up to which {@link liveOn} has gone. */
export function findAgain<Finding extends Found>(entity: Entity<Finding>, open: Open, found: Finding): void {
  entity.found = found
  open.peakBps = Math.max(open.peakBps, found.edgeBps)
  open.peakProfit = Math.max(open.peakProfit, found.profit)
}

/** Whether enough has changed since the last record, or that is old enough. */
export function isNews({ found }: Entity<Found>, open: Open, at: Micros, bounds: Bounds): boolean {
  const { updateBps, updateSizePct, updateEveryMs } = bounds
  return (
    Math.abs(found.edgeBps - open.sentBps) >= updateBps ||
    Math.abs(found.size - open.sentSize) * 100 >= updateSizePct * open.sentSize ||
    at - open.sentAt >= updateEveryMs * MICROS_PER_MILLI
  )
}

/** An UPDATE was written. */
export function sent({ found }: Entity<Found>, open: Open, at: Micros): void {
  open.sentAt = at
  open.sentBps = found.edgeBps
  open.sentSize = found.size
  open.updates += 1
}

/** What it has been up to `open.until`; an entity that is cut where it opens has the edge it opened with. */
export function lifeOf(open: Open, found: Found): Life {
  const duration = open.until - open.openedAt
  return {
    openedAt: open.openedAt,
    durationMs: duration / MICROS_PER_MILLI,
    updates: open.updates,
    peakBps: open.peakBps,
    peakProfit: open.peakProfit,
    timeWeightedBps: duration === 0 ? found.edgeBps : open.edgeTime / duration,
    profitTime: open.profitTime / MICROS_PER_SECOND,
  }
}

/** Whether it could still be had after each delay; nobody knows of what we cut ourselves. */
export const survivalOf = (
  { survived }: Open,
  reason: CloseReason,
  { delaysMs, openBps }: Bounds,
): readonly Survival[] => {
  const isCut = reason === 'ttl' || reason === 'config'
  return delaysMs.map((delayMs, index) => {
    const edgeBps = survived[index]
    const executable = edgeBps === undefined ? (isCut ? undefined : false) : edgeBps >= openBps
    return { delayMs, edgeBps, executable }
  })
}
