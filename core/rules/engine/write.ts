import type { Alert } from '../../alert.ts'
import { canonicalJson } from '../../canonical-json.ts'
import type { Evidence, Match, MatchPhase, ResolveReason, Told } from '../../match.ts'
import type { Micros } from '../../time.ts'
import type { MatchEvent, RuleEvent } from '../events.ts'
import { fieldOf } from '../fields.ts'
import type { Expression, Frame, Taken } from '../frame.ts'
import type { Named, ProgramAction } from '../program.ts'
import type { Lineup, Seat } from './lineup.ts'
import type { KeyRule } from './state.ts'

/** What is to be written; `cause`: the event whose place the match bears where the key does not say. */
export type Writing = {
  readonly phase: MatchPhase
  readonly reason: ResolveReason | undefined
  readonly at: Micros
  readonly cause: RuleEvent
  readonly suppressed: number
}

const NOTHING: Readonly<Record<string, Told>> = {}
const NO_EVIDENCE: readonly Evidence[] = []

/** Writes a match by what the frame holds, an alert after it, and shows it to the rules that read matches. */
export function write(lineup: Lineup, seat: Seat, of: KeyRule | undefined, writing: Writing): void {
  const { frame, effects, state } = lineup
  const { program, version } = seat
  const { rule, isShadow } = version
  const { phase, reason, at, cause, suppressed } = writing
  const key = keyRecord(seat, cause)
  const { evidence } = program
  const match: Match = {
    ruleId: rule.id,
    ruleVersion: rule.version,
    ruleSetHash: state.hash,
    shadow: isShadow,
    type: rule.emit.type,
    phase,
    reason,
    severity: program.severity(frame),
    key,
    base: key['base'] ?? cause.base ?? '',
    exchange: key['exchange'] ?? cause.exchange,
    symbol: key['symbol'] ?? cause.symbol,
    at,
    feed: cause.feed,
    fields: tell(program.fields, frame),
    inputs: evidence.inputs ? tell(program.inputs, frame) : NOTHING,
    evidence: evidence.events === 0 ? NO_EVIDENCE : evidenceOf(seat, of, frame.taken, at),
    suppressed,
  }
  effects.emit({ kind: 'match', match })
  effects.count('rule_matches')
  if (isShadow) return
  if (rule.emit.alert === true && phase !== 'TIMEOUT')
    effects.emit({ kind: 'alert', alert: alertOf(lineup, seat, match, phase) })
  if (lineup.streams.match.length > 0) lineup.queue.push(eventOf(match, cause, lineup))
}

function keyRecord({ key, program }: Seat, cause: RuleEvent): Record<string, string> {
  const record: Record<string, string> = {}
  for (let i = 0; i < program.by.length; i++) {
    const name = program.by[i]
    if (name === undefined) continue
    record[name] = key === undefined ? String(fieldOf(cause.stream, name)?.read(cause)) : (key.values[i] ?? '')
  }
  return record
}

function alertOf({ frame }: Lineup, seat: Seat, match: Match, phase: Alert['phase']): Alert {
  const { program, version, isResolving } = seat
  const { ruleId, ruleVersion, reason, severity, type, at, feed, key, exchange, symbol } = match
  const { fields, evidence, suppressed } = match
  return {
    source: 'RULE',
    alertKey: `rule ${ruleId} ${canonicalJson(key)}`,
    phase,
    reason,
    resolves: isResolving,
    severity,
    type,
    title: version.rule.name,
    at,
    feed,
    ruleId,
    ruleVersion,
    key,
    exchange,
    symbol,
    fields,
    evidence,
    suppressed,
    action: program.action === undefined || phase !== 'FIRED' ? undefined : actionOf(program.action, frame),
  }
}

const actionOf = (action: ProgramAction, frame: Frame): NonNullable<Alert['action']> =>
  action.kind === 'webhook'
    ? { kind: 'webhook', target: action.target }
    : { kind: 'command', command: action.command, arguments: tell(action.arguments, frame) }

function tell(all: readonly Named[], frame: Frame): Readonly<Record<string, Told>> {
  if (all.length === 0) return NOTHING
  const record: Record<string, Told> = {}
  for (const { name, expression } of all) record[name] = toldOf(expression, frame)
  return record
}

function toldOf(expression: Expression, frame: Frame): Told {
  if (expression.type === 'string' || expression.type === 'bool') return expression.read(frame) ?? null
  const x = expression.read(frame)
  // The sum makes 0 of -0.
  return x - x === 0 ? x + 0 : null
}

/** A pattern's are the events it took, a when-rule's the last ones of the key. */
function evidenceOf(
  { program }: Seat,
  of: KeyRule | undefined,
  taken: Taken | undefined,
  at: Micros,
): readonly Evidence[] {
  const { events } = program.evidence
  const found: Evidence[] = []
  if (program.body.kind === 'pattern') {
    for (let one = taken; one !== undefined && found.length < events; one = one.before) found.push(evidence(one.event))
    return found.toReversed()
  }
  const oldest = at - memoryOf(program)
  return (of?.recent ?? []).filter((event) => event.at > oldest).map(evidence)
}

/** How far back the last events of a key are told: a run that began a horizon ago knows as many. */
export const memoryOf = ({ warmUpMicros, renewMicros }: Seat['program']): number => warmUpMicros + renewMicros

const evidence = ({ stream, offset, at, exchange, symbol }: RuleEvent): Evidence => ({
  stream,
  offset,
  at,
  exchange,
  symbol,
})

function eventOf(match: Match, cause: RuleEvent, { state, offset }: Lineup): MatchEvent {
  const { ruleId, type, phase, severity, exchange, symbol, base, at, feed } = match
  return {
    stream: 'match',
    offset,
    at: state.now,
    feed,
    exchange,
    symbol,
    base: base === '' ? undefined : base,
    quoteAsset: symbol === cause.symbol ? cause.quoteAsset : undefined,
    eventTime: at,
    receiveTime: NaN,
    sequence: NaN,
    ruleId,
    type,
    phase,
    severity,
  }
}
