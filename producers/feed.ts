import type { Tick } from '../core/tick.ts'
import { MICROS_PER_MILLI, MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { Instrument } from './adapter.ts'
import { connect, open, type Closing } from './connection.ts'
import { checkStale, sendIfDue } from './deadlines.ts'
import type { FeedOutput, FeedState } from './feed-state.ts'
import type { Next, Session } from './links.ts'
import { countFrame, takeFrame } from './frames.ts'
import { quarantine } from './isolation.ts'
import { refused, settle } from './outbox.ts'
import { askAgain, checkAnswers } from './resubscribe.ts'
import { abandonNext, CONNECT_DEADLINE, giveUp, lose, loseNext, openNext, rotate } from './rotation.ts'
import { beatIfDue, heard, stalled, startSession } from './session.ts'
import { follow } from './subscriptions.ts'

export type FeedInput =
  /** `session` is the time of the opening, made strictly increasing per exchange by the shell. */
  | ({ readonly kind: 'opened'; readonly time: Micros; readonly session: Micros } & OfSocket)
  | ({ readonly kind: 'frame'; readonly time: Micros; readonly text: string } & OfSocket)
  /** The protocol's own answer to our ping. */
  | ({ readonly kind: 'pong'; readonly time: Micros } & OfSocket)
  | ({ readonly kind: 'closed' } & Closing & OfSocket)
  /** Each 100 ms or so. `random` in [0, 1). */
  | { readonly kind: 'clock'; readonly time: Micros; readonly random: number }
  /** What the writer's queue had no room for, per partition, in order. */
  | {
      readonly kind: 'refused'
      readonly time: Micros
      readonly records: readonly { readonly partition: number; readonly tick: Tick }[]
    }
  /** What to follow from now on. */
  | {
      readonly kind: 'follow'
      readonly time: Micros
      readonly instruments: readonly Instrument[]
      readonly conversions: ReadonlySet<string>
    }
  /** A symbol's price is apart from the other exchanges', or in line again. */
  | {
      readonly kind: 'quarantine'
      readonly time: Micros
      readonly nativeSymbol: string
      readonly isQuarantined: boolean
    }
  /** The event loop stood still from `from` until now. */
  | { readonly kind: 'stalled'; readonly time: Micros; readonly from: Micros }

/** Its number, as `connect` said it; the present one's without. */
type OfSocket = { readonly socket?: number }

/** Data for this long makes the next back-off start from the beginning. */
const GOOD_DATA = 30 * MICROS_PER_SECOND
/** A socket that lives without data starts its session without. */
const START_ANYWAY = 5 * MICROS_PER_SECOND

/**
 * One connection's engine: `Step<FeedState, FeedInput, FeedOutput>`. Time and randomness are in the input.
 *
 * Large state, changed in place and returned (style.md rule 3): a frame must cost microseconds.
 */
export function feed(state: FeedState, input: FeedInput): readonly [FeedState, readonly FeedOutput[]] {
  const out: FeedOutput[] = []
  if (isOver(state, input)) return [state, out]
  switch (input.kind) {
    case 'frame': {
      const session = sessionOf(state, input)
      if (session !== undefined) takeFrame(state, session, out, input.time, input.text)
      break
    }
    case 'clock':
      tickClock(state, out, input.time, input.random)
      break
    case 'pong': {
      const session = sessionOf(state, input)
      if (session !== undefined) heard(session, input.time)
      break
    }
    case 'opened': {
      const next = nextOf(state, input)
      if (next === undefined) open(state, out, input.time, input.session)
      else openNext(state, next, out, input.time, input.session)
      break
    }
    case 'closed': {
      if (input.reason === 'oversized') countFrame(state, 'oversized')
      const next = nextOf(state, input)
      if (next === undefined) lose(state, out, input)
      else loseNext(state, next, out, input)
      break
    }
    case 'refused':
      for (const { partition, tick } of input.records) refused(state, partition, tick)
      break
    case 'follow':
      // The next socket was asked for other symbols; another one follows.
      abandonNext(state, out)
      follow(state, out, input.time, input.instruments, input.conversions)
      break
    case 'quarantine':
      quarantine(state, out, input.time, input.nativeSymbol, input.isQuarantined)
      break
    case 'stalled':
      stalled(state, out, input.from, input.time)
      break
  }
  return [state, out]
}

/** Of a socket that was terminated. */
const isOver = ({ socket, next }: FeedState, input: FeedInput): boolean =>
  'socket' in input && input.socket !== undefined && input.socket !== socket && input.socket !== next?.socket

const nextOf = ({ next }: FeedState, { socket }: OfSocket): Next | undefined =>
  next?.socket === socket ? next : undefined

function sessionOf(state: FeedState, input: OfSocket): Session | undefined {
  const next = nextOf(state, input)
  return next === undefined ? state.current : next.session
}

function tickClock(state: FeedState, out: FeedOutput[], time: Micros, random: number): void {
  const session = state.current
  if (session !== undefined) checkSocket(state, session, out, time, random)
  else if (state.phase === 'waiting' && time >= state.phaseTime) connect(state, out, time)
  else if (state.phase === 'connecting' && time - state.phaseTime > CONNECT_DEADLINE)
    giveUp(state, out, { time, reason: 'timeout', detail: 'no handshake', random })
  rotate(state, out, time, random)
  if (state.speaking !== undefined) settle(state, state.speaking, out, time)
  beatIfDue(state, out, time)
}

function checkSocket(state: FeedState, session: Session, out: FeedOutput[], time: Micros, random: number): void {
  const silence = time - session.lastFrame
  if (silence > state.settings.adapter.silenceMs * MICROS_PER_MILLI)
    return giveUp(state, out, {
      time,
      reason: 'silent',
      detail: `no frame for ${silence / MICROS_PER_SECOND} s`,
      random,
    })
  if (checkStale(state, session, out, time))
    return giveUp(state, out, { time, reason: 'stale', detail: 'a subscription stayed mute', random })
  sendIfDue(state, session, out, time)
  checkAnswers(state, out, time)
  askAgain(state, session, out, time)
  if (session.dataFrom === undefined) {
    if (time - session.openedAt >= START_ANYWAY && session.lastFrame > session.openedAt)
      startSession(state, session, out, time, time)
  } else if (time - session.dataFrom >= GOOD_DATA) state.attempts = 0
}
