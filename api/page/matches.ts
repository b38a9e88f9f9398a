import { listOf, numberOf, recordOf, textOf, timeOf } from './fields.ts'

export type Told = string | number | boolean | undefined
export type Named = readonly (readonly [name: string, value: Told])[]

export type Evidence = {
  readonly stream: string
  readonly partition: number | undefined
  readonly offset: number | undefined
  readonly atMs: number
  readonly exchange: string | undefined
  readonly symbol: string | undefined
}

/** A hit of a rule as the server sends it. */
export type Match = {
  readonly id: string
  readonly ruleId: string
  readonly version: number
  readonly isShadow: boolean
  readonly type: string
  readonly phase: string
  readonly reason: string | undefined
  readonly severity: string
  readonly key: Named
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly atMs: number
  readonly feed: string
  readonly fields: Named
  readonly inputs: Named
  readonly evidence: readonly Evidence[]
  readonly suppressed: number
}

export const readMatches = (value: unknown): readonly Match[] => listOf(recordOf(value)['matches']).map(readMatch)
export const readOneMatch = (value: unknown): Match => readMatch(recordOf(value)['match'])

/** Named values by name, as log and tables each have an order of their own; what is no plain value counts as absent. */
export const readNamed = (value: unknown): Named =>
  Object.entries(recordOf(value))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => [
      name,
      typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? one : undefined,
    ])

export function readMatch(value: unknown): Match {
  const fields = recordOf(value)
  return {
    id: textOf(fields['matchId']) ?? '',
    ruleId: textOf(fields['ruleId']) ?? '',
    version: numberOf(fields['ruleVersion']) ?? 0,
    isShadow: fields['shadow'] === true,
    type: textOf(fields['type']) ?? '',
    phase: textOf(fields['phase']) ?? '',
    reason: textOf(fields['reason']),
    severity: textOf(fields['severity']) ?? '',
    key: readNamed(fields['key']),
    exchange: textOf(fields['exchange']),
    symbol: textOf(fields['symbol']),
    atMs: timeOf(fields['at']),
    feed: textOf(fields['feed']) ?? '',
    fields: readNamed(fields['fields']),
    inputs: readNamed(fields['inputs']),
    evidence: listOf(fields['evidence']).map(readEvidence),
    suppressed: numberOf(fields['suppressed']) ?? 0,
  }
}

function readEvidence(value: unknown): Evidence {
  const fields = recordOf(value)
  return {
    stream: textOf(fields['stream']) ?? '',
    partition: numberOf(fields['partition']),
    offset: numberOf(fields['offset']),
    atMs: timeOf(fields['at']),
    exchange: textOf(fields['exchange']),
    symbol: textOf(fields['symbol']),
  }
}

/** A value to six significant digits; of whole numbers all. */
export function toldText(value: Told): string {
  if (value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (Number.isInteger(value)) return value.toLocaleString('en', { maximumFractionDigits: 0 })
  return Math.abs(value) < 1e-4
    ? value.toPrecision(3)
    : value.toLocaleString('en', { maximumSignificantDigits: 6, maximumFractionDigits: 12 })
}

export const namedText = (named: Named): string => named.map(([name, value]) => `${name} ${toldText(value)}`).join(', ')
/** Values alone: what a rule fired for. */
export const keyText = (key: Named): string => key.map(([, value]) => toldText(value)).join(' · ')

/** What happened, and why. */
export const phaseText = ({ phase, reason }: Pick<Match, 'phase' | 'reason'>): string => {
  if (phase === 'FIRED') return 'fired'
  if (phase === 'TIMEOUT') return 'timed out'
  return { release: 'resolved', renew: 'resolved by renewal', rule: 'ended with its rule' }[reason ?? ''] ?? 'resolved'
}
