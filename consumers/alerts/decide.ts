import type { AlertPhase } from '../../core/alert.ts'
import { SEVERITIES, type ResolveReason, type Severity } from '../../core/match.ts'
import { silenceOf, type Silence, type Silenceable } from '../../core/silence.ts'

/** What is waiting for one channel; times are milliseconds of PostgreSQL's clock. */
export type Waiting = Silenceable & {
  readonly outboxId: number
  readonly alertKey: string
  readonly phase: AlertPhase
  readonly reason: ResolveReason | undefined
  readonly resolves: boolean
  readonly severity: Severity
  readonly type: string
  readonly createdMs: number
  readonly attempts: number
  /** Of an attempt that failed, or what the channel asked for. */
  readonly notBeforeMs: number | undefined
}

/** The last message about a story that arrived, or may have. */
export type Told = Pick<Waiting, 'phase' | 'severity' | 'resolves'> & { readonly atMs: number }

export type Pace = {
  /** Alerts of a rule that come within this time of the first go out together. */
  readonly groupWaitMs: number
  /** What fires again within this time of its RESOLVED has not been away. */
  readonly resolveWaitMs: number
  /** A story that is told and not resolved is not told again within this time. */
  readonly repeatMs: number
  /** A story that never is resolved is over so long after it was told; one that a renewal ended is, unless it fires again until then. */
  readonly passMs: number
  readonly minSeverity: Severity
  /** Messages in a minute; what is beyond them goes out in one digest when there is room. */
  readonly perMinute: number
  /** Alerts in a message. */
  readonly most: number
}

export type Situation<One extends Waiting> = {
  readonly nowMs: number
  /** In the order of the outbox. */
  readonly waiting: readonly One[]
  /** By alert key. */
  readonly told: ReadonlyMap<string, Told>
  readonly silences: readonly Silence[]
  /** When each message of the last minute was begun, oldest first. */
  readonly begunMs: readonly number[]
}

/** Why something is not sent; `by` is the silence. */
export type Drop<One> = {
  readonly one: One
  readonly outcome: 'repeat' | 'folded' | 'silenced' | 'minor' | 'unsent'
  readonly by?: number
}

export type Decision<One> = {
  readonly drops: readonly Drop<One>[]
  /** To be sent now, in this order. What is in neither waits. */
  readonly messages: readonly (readonly One[])[]
}

const MINUTE_MS = 60_000

/** What becomes of the alerts that wait for a channel. Pure: the same situation gives the same decision. */
export function decide<One extends Waiting>(pace: Pace, situation: Situation<One>): Decision<One> {
  const { drops, due } = sift(pace, situation)
  const { nowMs, waiting, begunMs } = situation
  // Whatever failed, failed because of the channel: the others would fare no better, and their order stays.
  const isBlocked = waiting.some(({ notBeforeMs = -Infinity }) => notBeforeMs > nowMs)
  const room = pace.perMinute - begunMs.filter((at) => at > nowMs - MINUTE_MS).length
  if (isBlocked || room <= 0) return { drops, messages: [] }
  const groups = [...Map.groupBy(due, groupOf).values()].flatMap((group) => chunks(group, pace.most))
  if (groups.length <= room) return { drops, messages: groups }
  const digest = groups.slice(room - 1).flat()
  return { drops, messages: [...groups.slice(0, room - 1), digest.slice(0, pace.most)] }
}

type Sifted<One> = { readonly drops: readonly Drop<One>[]; readonly due: readonly One[] }

/** Goes through each story in its order, as if what is to be sent had been. */
function sift<One extends Waiting>(pace: Pace, situation: Situation<One>): Sifted<One> {
  const { nowMs, waiting, silences } = situation
  const told = new Map(situation.told)
  const drops: Drop<One>[] = []
  const sending: One[] = []
  const send = (one: One): void => {
    sending.push(one)
    told.set(one.alertKey, { phase: one.phase, severity: one.severity, resolves: one.resolves, atMs: nowMs })
  }
  const firedAgain = firedAfter(waiting)
  for (const one of waiting) {
    const before = told.get(one.alertKey)
    const open = before?.phase === 'FIRED' ? before : undefined
    if (one.phase === 'RESOLVED') {
      const dueMs = one.createdMs + waitOf(pace, one)
      if (open === undefined) drops.push({ one, outcome: 'unsent' })
      else if ((firedAgain.get(one) ?? Infinity) < dueMs) drops.push({ one, outcome: 'folded' })
      else if (dueMs <= nowMs) send(one)
      continue
    }
    const silence = silenceOf(silences, one, nowMs)
    if (open !== undefined && isRepeat(pace, open, one, nowMs)) drops.push({ one, outcome: 'repeat' })
    else if (silence !== undefined) drops.push({ one, outcome: 'silenced', by: silence.silenceId })
    else if (rankOf(one) < rankOf({ severity: pace.minSeverity })) drops.push({ one, outcome: 'minor' })
    else send(one)
  }
  const ready = readyGroups(pace, sending, nowMs)
  return { drops, due: sending.filter((one) => ready.has(groupOf(one))) }
}

const rankOf = ({ severity }: Pick<Waiting, 'severity'>): number => SEVERITIES.indexOf(severity)

/** What is worse than what was told is news, whenever that was. */
function isRepeat({ repeatMs, passMs }: Pace, open: Told, one: Waiting, nowMs: number): boolean {
  const lastsMs = open.resolves ? repeatMs : Math.min(repeatMs, passMs)
  return rankOf(one) <= rankOf(open) && nowMs - open.atMs < lastsMs
}

/** A renewal does not know whether it ends a story: what held for long has to hold as long again to fire. */
const waitOf = ({ resolveWaitMs, passMs }: Pace, { reason }: Waiting): number =>
  reason === 'renew' ? Math.max(resolveWaitMs, passMs) : resolveWaitMs

/** Groups that go out now: the first alert has waited for others, or one was tried before, or is resolved. */
function readyGroups(pace: Pace, sending: readonly Waiting[], nowMs: number): ReadonlySet<string> {
  const ready = new Set<string>()
  for (const one of sending) {
    const waits = one.phase === 'FIRED' && one.attempts === 0 && one.createdMs + pace.groupWaitMs > nowMs
    if (!waits) ready.add(groupOf(one))
  }
  return ready
}

/** Of each RESOLVED, when its story fired again, if it did. */
function firedAfter<One extends Waiting>(waiting: readonly One[]): ReadonlyMap<One, number> {
  const again = new Map<One, number>()
  const next = new Map<string, number>()
  for (const one of waiting.toReversed()) {
    const at = next.get(one.alertKey)
    if (one.phase === 'FIRED') next.set(one.alertKey, one.createdMs)
    else if (at !== undefined) again.set(one, at)
  }
  return again
}

const groupOf = ({ ruleId, type }: Pick<Waiting, 'ruleId' | 'type'>): string =>
  ruleId === undefined ? `service ${type}` : `rule ${ruleId}`

function chunks<One>(all: readonly One[], size: number): readonly (readonly One[])[] {
  const parts: (readonly One[])[] = []
  for (let at = 0; at < all.length; at += size) parts.push(all.slice(at, at + size))
  return parts
}
