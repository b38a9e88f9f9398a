import type { OpenControl } from '../../arrivals.ts'
import { canonicalJson } from '../../canonical-json.ts'
import { takeControl } from '../../control-set.ts'
import type { FindingKind } from '../../finding.ts'
import type { Micros } from '../../time.ts'
import { pointerTo, type Diagnostic } from '../diagnostic.ts'
import type { Rule } from '../document.ts'
import type { Program } from '../program.ts'
import { canonicalRule } from '../read/rule-set.ts'
import { frameAt } from './clock.ts'
import { resolve, setDue } from './firing.ts'
import { meet, type Lineup, type Making, type Seat } from './lineup.ts'
import { sortedKeys, spaceOf, type Key, type KeyRule, type RulesState, type Version } from './state.ts'

/** So many problems of a document are told. */
const MOST_TOLD = 10

/**
 * A record of the document 'rules'. A new epoch is in force from here on, version by version as rules.md section 12 says. A rule that
 * does not compile is left out, the others are not; a document that cannot be read leaves no rule: so for a run that begins after
 * it. What was refused is told at each repeat, for the same reason. Returns whether versions came or went.
 */
export function takeRules(lineup: Lineup, making: Making, { documentId, epoch, hash, document }: OpenControl): boolean {
  const { state } = lineup
  const taken = takeControl(state.controls, { documentId, epoch, hash })
  if (taken === 'old') return false
  if (taken === 'conflict') {
    tell(lineup, 'CONTROL_REFUSED', `epoch ${epoch} is in force with other content`, {
      documentId,
      epoch: String(epoch),
    })
    return false
  }
  if (taken === 'repeat' && !state.isRefused) return false
  const { wanted, problems } = read(document, making)
  if (problems.length > 0) {
    const told = problems.slice(0, MOST_TOLD).map(({ pointer, code, message }) => [pointer, `${code} ${message}`])
    const details = { documentId, epoch: String(epoch), ...Object.fromEntries(told) }
    tell(lineup, 'CONTROL_REFUSED', `epoch ${epoch} has ${problems.length} problem(s)`, details)
  }
  if (taken === 'repeat') return false
  state.isRefused = problems.length > 0
  state.hash = hash
  tell(lineup, 'RULES_IN_FORCE', `epoch ${epoch} is in force`, { documentId, epoch: String(epoch), hash })
  replace(lineup, wanted, epoch)
  return true
}

/** T begins: warm-ups run from here. */
export function begin({ state }: Lineup): void {
  for (const version of state.versions)
    if (version.status === 'listening') version.takesOver = state.now + version.warmUpMicros
}

/** Versions whose warm-up is over at `at` speak from here on, in the place of those before them. */
export function takeOver(lineup: Lineup, at: Micros): void {
  const { state } = lineup
  const speaking = new Map(
    state.versions.filter(({ status }) => status === 'speaking').map((one) => [channelOf(one), one]),
  )
  for (const version of state.versions.filter(({ status, takesOver }) => status === 'listening' && takesOver <= at)) {
    const before = speaking.get(channelOf(version))
    if (before !== undefined) {
      if (keeps(before.rule, version.rule)) handOver(lineup, before, version)
      end(lineup, before)
    }
    version.status = 'speaking'
    tellActive(lineup, version)
  }
  state.versions = state.versions.filter(({ status }) => status !== 'ended')
  lineup.takesOver = firstTakeOver(state)
}

export const firstTakeOver = ({ versions }: RulesState): number =>
  versions.reduce(
    (first, { status, takesOver }) => (status === 'listening' ? Math.min(first, takesOver) : first),
    Infinity,
  )

type Wanted = { readonly rule: Rule; readonly isShadow: boolean; readonly program: Program }

function read(
  document: unknown,
  { readSet, compile, scope }: Making,
): { readonly wanted: readonly Wanted[]; readonly problems: readonly Diagnostic[] } {
  const found = readSet(document)
  if ('diagnostics' in found) return { wanted: [], problems: found.diagnostics }
  const problems: Diagnostic[] = []
  const wantedOf = (list: 'rules' | 'shadow'): readonly Wanted[] =>
    found.set[list].flatMap((rule, index) => {
      if (!rule.enabled || (rule.scope ?? 'asset') !== scope) return []
      const compiled = compile(rule, () => 0)
      if ('program' in compiled) return [{ rule, isShadow: list === 'shadow', program: compiled.program }]
      const at = pointerTo('', list, index)
      for (const one of compiled.diagnostics) problems.push({ ...one, pointer: at + one.pointer })
      return []
    })
  return { wanted: [...wantedOf('rules'), ...wantedOf('shadow')], problems }
}

function replace(lineup: Lineup, wanted: readonly Wanted[], epoch: number): void {
  const { state } = lineup
  const before = Map.groupBy(state.versions, channelOf)
  const kept = new Set<Version>()
  const begun: Version[] = []
  for (const { rule, isShadow, program } of wanted) {
    const text = canonicalRule(rule)
    const own = before.get(channelOf({ rule, isShadow })) ?? []
    const speaking = own.find(({ status }) => status === 'speaking')
    const same = own.find((one) => canonicalRule(one.rule) === text)
    const isReset = program.onUpdate === 'reset'
    // The one that speaks speaks on until its successor takes over.
    if (speaking !== undefined && (same === undefined ? !isReset : true)) kept.add(speaking)
    if (same !== undefined) kept.add(same)
    else begun.push(versionOf(state, rule, program, isShadow, isReset ? epoch + 1 : 0))
  }
  for (const version of state.versions) if (!kept.has(version)) end(lineup, version)
  state.versions = [...state.versions.filter(({ status }) => status !== 'ended'), ...begun]
  for (const version of begun) if (version.status === 'speaking') tellActive(lineup, version)
  lineup.takesOver = firstTakeOver(state)
}

function versionOf(
  state: RulesState,
  rule: Rule,
  { warmUpMicros, renewMicros }: Program,
  isShadow: boolean,
  fresh: number,
): Version {
  const { places } = spaceOf(state, rule.by)
  const free = places.indexOf(false)
  const place = free >= 0 ? free : places.length
  places[place] = true
  const status = fresh === 0 ? 'listening' : 'speaking'
  const takesOver = state.now === 0 ? Infinity : state.now + warmUpMicros
  return { rule, isShadow, status, warmUpMicros, renewMicros, takesOver, fresh, place, order: 0 }
}

/** Ends a version. */
function end(lineup: Lineup, version: Version): void {
  empty(lineup, version)
  spaceOf(lineup.state, version.rule.by).places[version.place] = false
  version.status = 'ended'
}

/** Ends what fires, and forgets what was known of keys. */
export function empty(lineup: Lineup, version: Version): void {
  const space = spaceOf(lineup.state, version.rule.by)
  const seat = lineup.seatOf.get(version)
  for (const key of sortedKeys(space)) {
    const of = key.rules[version.place]
    if (of === undefined) continue
    of.due = undefined
    if (seat !== undefined && of.phase !== 'idle') endKey(lineup, seat, key, of)
    key.rules[version.place] = undefined
  }
}

function endKey(lineup: Lineup, seat: Seat, key: Key, of: KeyRule): void {
  const { now } = lineup.state
  frameAt(lineup, seat, key, of, now)
  if (of.event !== undefined) resolve(lineup, seat, key, of, 'rule', now, of.event)
}

/** What fires goes on firing under the new version, what cools down goes on cooling down. */
function handOver(lineup: Lineup, before: Version, after: Version): void {
  const space = spaceOf(lineup.state, after.rule.by)
  const seat = lineup.seatOf.get(after)
  if (seat === undefined) return
  for (const key of sortedKeys(space)) {
    const old = key.rules[before.place]
    if (old === undefined) continue
    const of = key.rules[after.place] ?? meet(seat, key)
    of.event ??= old.event
    const { phase, trueSince, trueAt, isWritten, coolUntil, period, written, suppressed, due } = old
    Object.assign(of, { phase, trueSince, trueAt, isWritten, coolUntil, period, written, suppressed })
    if (phase !== 'idle') {
      key.active.splice(key.active.indexOf(before.place), 1, after.place)
      old.phase = 'idle'
      if (due !== undefined) setDue(lineup, seat, key, of, due.kind, due.at)
    }
  }
}

/** `keep` is for versions that ask the same. */
const keeps = (before: Rule, after: Rule): boolean => after.onUpdate === 'keep' && asks(before) === asks(after)
const asks = ({ let: named, when, pattern, by }: Rule): string =>
  canonicalJson({ let: named ?? {}, when: when ?? '', pattern: pattern ?? '', by })

/** Of versions with one name, one takes the place of the other. */
const channelOf = ({ rule, isShadow }: Pick<Version, 'rule' | 'isShadow'>): string =>
  isShadow ? `${rule.id} shadow` : rule.id

function tellActive(lineup: Lineup, { rule: { id, version }, isShadow }: Version): void {
  const message = `${id}@${version} ${isShadow ? 'evaluates in the shadow' : 'speaks'}`
  tell(lineup, 'RULE_ACTIVE', message, { ruleId: id, version: String(version), shadow: String(isShadow) })
}

export function tell(
  { state, effects }: Lineup,
  kind: FindingKind,
  message: string,
  details: Readonly<Record<string, string>>,
): void {
  effects.emit({ kind: 'finding', finding: { kind, exchange: '', symbol: '', at: state.now, message, details } })
}
