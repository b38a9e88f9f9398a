import type { RuleFinding, RuleRow } from './queries/rules.ts'

/**
 * `inactive`: no version is wanted. `waiting`: the publisher has not put it into the log yet. `published`: it stands in every
 * partition, no processor has told of it. `listening`: its windows fill in silence. `in_force`: it speaks. `halted`: it held
 * more than its bound.
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

/** How far the wanted version of a rule has come. Of partitions that differ the one that is furthest behind counts. */
export function activationOf(row: RuleRow, findings: readonly RuleFinding[]): Activation {
  const { activeVersion, previousVersion, shadowVersion, epoch, publishedAt, activatedAt = '' } = row
  const wanted = { activeVersion, previousVersion, shadowVersion, epoch, publishedAt }
  const idle = { ...wanted, inForceSince: undefined, listeningUntil: undefined }
  if (activeVersion === undefined) return { ...idle, state: 'inactive' }
  if (row.activePublishedAt === undefined) return { ...idle, state: 'waiting' }
  // What was told before is of an earlier life of the version.
  const told = findings.filter(
    ({ id, version, at }) => id === row.id && version === String(activeVersion) && at >= activatedAt,
  )
  const of = (finding: string): readonly RuleFinding[] => told.filter((one) => one.finding === finding)
  const [halted, listening, active] = [of('RULE_HALTED'), of('RULE_LISTENING'), of('RULE_ACTIVE')]
  if (halted.length > 0) return { ...idle, state: 'halted' }
  if (listening.length > 0) {
    const until = listening.flatMap(({ details }) => details['until'] ?? []).toSorted()
    return { ...idle, state: 'listening', listeningUntil: until.at(-1) }
  }
  if (active.length === 0) return { ...idle, state: 'published' }
  return {
    ...idle,
    state: 'in_force',
    inForceSince: active
      .map(({ at }) => at)
      .toSorted()
      .at(-1),
  }
}
