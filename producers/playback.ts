import { micros, type Micros } from '../core/time.ts'
import { decode, type Adapter, type Instrument } from './adapter.ts'
import type { FeedInput } from './feed.ts'
import type { Playable, Recording, RecordedConnection } from './recording.ts'

export type Speed = number | 'max'

const CLOCK = 100_000
/** Inputs at full speed between two looks at the log; far fewer than its queue holds. */
const SETTLE_EVERY = 1000

/**
 * What to add to a recorded session's times: at the recorded speed it starts now, else it ends now, so that no tick lies
 * in the future. One constant for all its connections.
 */
export function shiftOf(recording: Recording, speed: Speed, now: Micros): number {
  const ends = recording.connections.map(({ openedAt, frames }) => frames.at(-1)?.time ?? openedAt)
  return speed === 1 ? now - startOf(recording) : now - Math.max(...ends)
}

/** When the first connection of a recording was opened. */
export const startOf = ({ connections }: Recording): number => Math.min(...connections.map(({ openedAt }) => openedAt))

/**
 * The inputs of one recorded connection in order, at shifted times, with the clock's between them. At the first the engine
 * asks for its socket; the last one ends the session for good.
 */
export function* playback({ openedAt, frames }: RecordedConnection, shift: number): Generator<FeedInput> {
  let time = micros(openedAt + shift)
  yield { kind: 'clock', time, random: 0 }
  let nextClock = time + CLOCK
  for (const frame of frames) {
    const at = micros(Math.max(time, frame.time + shift))
    for (; nextClock <= at; nextClock += CLOCK) yield { kind: 'clock', time: micros(nextClock), random: 0 }
    time = at
    yield { kind: 'frame', time, text: frame.text }
  }
  yield { kind: 'clock', time, random: 0 }
  yield { kind: 'closed', time, reason: 'stopped', detail: 'the recording ended', random: 0 }
}

/** What playing needs of the world. */
export type Player = {
  readonly now: () => Micros
  readonly sleep: (ms: number) => Promise<unknown>
  /** Resolves when all that was put out is stored. */
  readonly settled: () => Promise<void>
  readonly stopped: () => boolean
}

/** Plays inputs at a speed; at full speed it waits for the log instead of dropping what has no room. */
export async function play(
  inputs: Iterable<FeedInput>,
  speed: Speed,
  take: (input: FeedInput) => void,
  { now, sleep, settled, stopped }: Player,
): Promise<void> {
  const started = now()
  let first: Micros | undefined
  let played = 0
  for (const input of inputs) {
    if (stopped()) return
    first ??= input.time
    if (speed === 'max') {
      if (++played % SETTLE_EVERY === 0) await settled()
    } else {
      const waitMs = (started + (input.time - first) / speed - now()) / 1000
      if (waitMs > 1) await sleep(waitMs)
    }
    take(input)
  }
}

/** The instruments that a recorded connection has trades or quotes of; a symbol its list does not name keeps its spelling. */
export function playedInstruments({ connection, adapter, instruments }: Playable): readonly Instrument[] {
  const seen = nativeSymbols(adapter, connection)
  return instruments.filter(({ nativeSymbol }) => seen.has(nativeSymbol))
}

function nativeSymbols(adapter: Adapter, { frames }: RecordedConnection): ReadonlySet<string> {
  const seen = new Set<string>()
  for (const { time, text } of frames) {
    const decoded = decode(adapter, text, time)
    if (decoded.kind !== 'ticks') continue
    for (const one of [...decoded.ticks, ...decoded.withdrawals]) seen.add(one.nativeSymbol)
  }
  return seen
}
