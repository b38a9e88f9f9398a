import { fromIso, micros, toIso } from '../core/time.ts'
import type { RuleFinding, RuleFindings, RuleRow } from './queries/rules.ts'

/**
 * `inactive`: no version is wanted. `waiting`: the publisher has not put it into the log yet. `published`: it stands in every
 * partition, no processor has told of it. `listening`: its windows fill in silence, while the version before speaks. `in_force`: it
 * speaks. `halted`: it held more than its bound.
 */
export const RULE_STATES = ['inactive', 'waiting', 'published', 'listening', 'in_force', 'halted'] as const
export type RuleState = (typeof RULE_STATES)[number]

export type Activation = {
  readonly state: RuleState
  readonly activeVersion: number | undefined
  readonly previousVersion: number | undefined
  readonly shadowVersion: number | undefined
  readonly epoch: number | undefined
  readonly publishedAt: string | undefined
  readonly inForceSince: string | undefined
  readonly listeningUntil: string | undefined
}

/** What a version needs to hear before it speaks, microseconds. */
export type WarmUpOf = (document: unknown) => number | undefined

/** How far the wanted version of a rule has come. Of partitions that differ the one that is furthest behind counts. */
export function activationOf(row: RuleRow, findings: RuleFindings, warmUpOf: WarmUpOf): Activation {
  const { activeVersion, previousVersion, shadowVersion, epoch, publishedAt, silentAt = '' } = row
  const wanted = { activeVersion, previousVersion, shadowVersion, epoch, publishedAt }
  const idle = { ...wanted, inForceSince: undefined, listeningUntil: undefined }
  if (activeVersion === undefined) return { ...idle, state: 'inactive' }
  const version = String(activeVersion)
  // Before it was last silenced, a version led an earlier life.
  const own = findings.rules.filter(({ id, at }) => id === row.id && at > silentAt)
  const active = own.filter(({ finding }) => finding === 'RULE_ACTIVE')
  if (own.some((one) => one.finding === 'RULE_HALTED' && one.version === version && !isSince(active, one)))
    return { ...idle, state: 'halted' }
  // The newest of a partition tells who speaks there: whoever speaks goes on until another takes over.
  const speaking = active.filter((one) => one.version === version)
  const behind = findings.sets.filter(
    (set) =>
      set.epoch >= (row.activeEpoch ?? Infinity) && !speaking.some(({ partition }) => partition === set.partition),
  )
  const isElsewhere = row.scope !== 'asset'
  if (speaking.length > 0 && (behind.length === 0 || isElsewhere))
    return {
      ...idle,
      state: 'in_force',
      // T is the log's clock, which goes by receive times and lies behind: nothing is in force before it was published.
      inForceSince: [...speaking.map(({ at }) => at), row.activePublishedAt ?? ''].toSorted().at(-1),
    }
  if (row.activePublishedAt === undefined) return { ...idle, state: 'waiting' }
  if (behind.length === 0 || isElsewhere) return { ...idle, state: 'published' }
  const [since, warmUp] = [fromIso(row.activePublishedAt), warmUpOf(row.activeDocument)]
  const until = since === undefined || warmUp === undefined ? undefined : toIso(micros(since + warmUp))
  return { ...idle, state: 'listening', listeningUntil: until }
}

/** Whether it spoke again after it was halted. */
const isSince = (active: readonly RuleFinding[], { partition, at }: RuleFinding): boolean =>
  active.some((one) => one.partition === partition && one.at > at)
