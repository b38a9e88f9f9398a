import type { WrittenAlert } from '../core/alert.ts'
import { matchIdOf, type Action, type Evidence, type Match, type Told } from '../core/match.ts'
import type { Derived, Origin } from '../core/processor.ts'
import type { Codec } from './codec.ts'

/** Domain to and from what avsc encodes, for what rules write. The id of a match is not of the domain: its origin gives it. */
export const matchCodec: Codec<Derived<Match>, WireMatch> = {
  schema: 'Match',
  toWire: (match) => ({
    ...match,
    matchId: matchIdOf(match, match.origin),
    reason: match.reason ?? null,
    exchange: match.exchange ?? null,
    symbol: match.symbol ?? null,
    evidence: match.evidence.map(evidenceToWire),
  }),
  fromWire: (wire) => ({
    ruleId: wire.ruleId,
    ruleVersion: wire.ruleVersion,
    ruleSetHash: wire.ruleSetHash,
    shadow: wire.shadow,
    type: wire.type,
    phase: wire.phase,
    reason: wire.reason ?? undefined,
    severity: wire.severity,
    key: { ...wire.key },
    base: wire.base,
    exchange: wire.exchange ?? undefined,
    symbol: wire.symbol ?? undefined,
    at: wire.at,
    feed: wire.feed,
    fields: { ...wire.fields },
    inputs: { ...wire.inputs },
    evidence: wire.evidence.map(evidenceFromWire),
    suppressed: wire.suppressed,
    origin: { ...wire.origin },
  }),
}

export const alertCodec: Codec<WrittenAlert, WireAlert> = {
  schema: 'Alert',
  toWire: (alert) => ({
    ...alert,
    reason: alert.reason ?? null,
    ruleId: alert.ruleId ?? null,
    ruleVersion: alert.ruleVersion ?? null,
    exchange: alert.exchange ?? null,
    symbol: alert.symbol ?? null,
    evidence: alert.evidence.map(evidenceToWire),
    action: alert.action === undefined ? null : actionToWire(alert.action),
    origin: alert.origin ?? null,
  }),
  fromWire: (wire) => ({
    ...wire,
    reason: wire.reason ?? undefined,
    ruleId: wire.ruleId ?? undefined,
    ruleVersion: wire.ruleVersion ?? undefined,
    key: { ...wire.key },
    exchange: wire.exchange ?? undefined,
    symbol: wire.symbol ?? undefined,
    fields: { ...wire.fields },
    evidence: wire.evidence.map(evidenceFromWire),
    action: wire.action === null ? undefined : actionFromWire(wire.action),
    origin: wire.origin === null ? undefined : { ...wire.origin },
  }),
}

const evidenceToWire = (evidence: Evidence): WireEvidence => ({
  ...evidence,
  exchange: evidence.exchange ?? null,
  symbol: evidence.symbol ?? null,
})

const evidenceFromWire = (wire: WireEvidence): Evidence => ({
  ...wire,
  exchange: wire.exchange ?? undefined,
  symbol: wire.symbol ?? undefined,
})

/** One record with optional parts, not a union of records: old readers of alerts must read what newer ones write. */
const actionToWire = (action: Action): WireAction =>
  action.kind === 'webhook'
    ? { kind: 'WEBHOOK', target: action.target, command: null, arguments: {} }
    : { kind: 'COMMAND', target: null, command: action.command, arguments: action.arguments }

/** What a newer writer wants done and this reader does not know, is not done. */
function actionFromWire({ kind, target, command, arguments: told }: WireAction): Action | undefined {
  if (kind === 'WEBHOOK' && target !== null) return { kind: 'webhook', target }
  if (kind === 'COMMAND' && command !== null) return { kind: 'command', command, arguments: { ...told } }
  return undefined
}

type Nullable<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] }
type WireEvidence = Nullable<Evidence>
type WireAction = {
  readonly kind: 'UNKNOWN' | 'WEBHOOK' | 'COMMAND'
  readonly target: string | null
  readonly command: string | null
  readonly arguments: Readonly<Record<string, Told>>
}
export type WireMatch = Omit<Nullable<Derived<Match>>, 'evidence'> & {
  readonly matchId: string
  readonly evidence: readonly WireEvidence[]
}
export type WireAlert = Omit<Nullable<WrittenAlert>, 'evidence' | 'action' | 'origin'> & {
  readonly evidence: readonly WireEvidence[]
  readonly action: WireAction | null
  readonly origin: Origin | null
}
