import type { Micros } from '../core/time.ts'
import type { Entry, Subscription, Withdrawal } from './adapter.ts'
import { FULL_BUCKET, type TokenBucket } from './token-bucket.ts'

/** One socket's life. `usual` is the mean time between its frames, microseconds. */
export type Session = {
  readonly id: Micros
  readonly openedAt: Micros
  nextOrdinal: number
  /** Time of its first data once its START gaps are written, else `undefined`. */
  dataFrom: Micros | undefined
  lastFrame: Micros
  usual: number
  lastSequence: number
  frameSequence: number | undefined
  lastBeat: number
  lastPing: number
}

/** The attempts of all feeds of one host in this process to connect to it: mutated by each. */
export type Connects = { bucket: TokenBucket }

/** One socket, from the wait before it is opened to its end. */
export type Link = {
  socket: number
  phase: 'waiting' | 'connecting' | 'open'
  /** When the phase began; for `waiting` when it ends. */
  phaseTime: number
  attempts: number
  /** The symbols in the address of the socket that is being opened. */
  asked: readonly string[]
  outbound: string[]
  nextSend: number
  /** Frames that (un)subscribe, where the exchange counts them. */
  requested: TokenBucket
  awaiting: Map<string, Subscription & { readonly until: number }>
  /** Where a subscription begins with history: native symbols without trades since, and when they were asked for. */
  beginning: Map<string, Micros>
  /**
   * Native symbols with a subscription that was refused or not answered, and when it is asked for again: `Infinity` while
   * an answer to that is awaited. `isMute`: no trade came since.
   */
  refused: Map<string, { readonly attempts: number; readonly at: number; readonly isMute: boolean }>
}

/** What a symbol's next socket has delivered while the present one still does. */
export type Handover = {
  /** Trades that the present one has not delivered, by {@link idOf}, in their order. */
  readonly trades: Map<string, Held<Entry>>
  /** The newest quote, or what withdraws it. */
  top: Held<Entry | Withdrawal> | undefined
  /** When it delivered its first record. */
  seenAt: Micros | undefined
  /** Whether both delivered the same trade: what follows it is complete on the next one. */
  isCommon: boolean
  /** Since when one has something that the other should have as well. */
  doubtedAt: Micros | undefined
}
export type Held<One> = { readonly entry: One; readonly time: Micros }

/** The socket that is to follow the present one: what it delivers is held until it takes over. */
export type Next = Link & {
  session: Session | undefined
  /** By native symbol. */
  handovers: Map<string, Handover>
  /** Number of the trades held. */
  held: number
}

export const waitingLink = (until: number, attempts: number): Link => ({
  socket: 0,
  phase: 'waiting',
  phaseTime: until,
  attempts,
  asked: [],
  outbound: [],
  nextSend: 0,
  requested: FULL_BUCKET,
  awaiting: new Map(),
  beginning: new Map(),
  refused: new Map(),
})
