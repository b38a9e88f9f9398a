import { missesNothing, type Exchange, type Gap, type Tick } from '../core/tick.ts'
import { micros, type Micros } from '../core/time.ts'
import type { Closing } from './connection.ts'
import { initialFeed, type FeedOutput, type FeedSettings, type FeedState, type Letter } from './feed-state.ts'
import type { Connects } from './links.ts'
import { feed, type FeedInput } from './feed.ts'
import { FULL_BUCKET } from './token-bucket.ts'

export type FeedEvent = Omit<Extract<FeedOutput, { kind: 'event' }>, 'kind'>

/** A socket as its owner sees it: no event comes after `terminate`. */
type Socket = { send(text: string): void; terminate(): void }
type SocketEvents = {
  opened(): void
  frame(text: string): void
  pong(): void
  closed(closing: Omit<Closing, 'time' | 'random'>): void
}

/** Everything a feed can do to the world, given as functions by `main.ts`, or by a test. */
export type World = {
  now(): Micros
  random(): number
  /** The number of a session opened now. */
  session(exchange: Exchange, openedAt: Micros): Micros
  openSocket(url: string, events: SocketEvents): Socket
  /** What feeds share that connect to the same host. */
  connects(host: string): Connects
  /** `false`: the partition has no room. */
  offer(tick: Tick, key: string, partition: number): boolean
  letter(exchange: Exchange, letter: Letter): void
  event(exchange: Exchange, event: FeedEvent): void
  /** Before each frame of a socket: the event loop may have stood still. */
  turn(time: Micros): void
}

export type RunningFeed = {
  readonly exchange: Exchange
  readonly state: FeedState
  input(input: FeedInput): void
  /** Ends the session for good; `why` is for people. */
  stop(why?: string): void
}

/**
 * Runs one feed's engine: carries out what it asks for, and tells it what the writer refused. `former`: one that has ended,
 * whose counts go on.
 */
export function runFeed(settings: FeedSettings, world: World, former?: RunningFeed): RunningFeed {
  const { exchange } = settings.adapter
  // By the exchange's own host, though a simulator stands for them all.
  const connects = world.connects(new URL(settings.adapter.connect([]).url).host)
  const state = initialFeed(settings, connects, former?.state.counts)
  const sockets = new Map<number, Socket>()
  const input = (one: FeedInput): void => {
    const [, outputs] = feed(state, one)
    const records = carryOut(outputs)
    if (records.length > 0) feed(state, { kind: 'refused', time: one.time, records })
  }
  const connect = (url: string, socket: number): Socket =>
    world.openSocket(url, {
      opened() {
        const time = world.now()
        input({ kind: 'opened', time, session: world.session(exchange, time), socket })
      },
      frame(text) {
        const time = world.now()
        world.turn(time)
        input({ kind: 'frame', time, text, socket })
      },
      pong: () => input({ kind: 'pong', time: world.now(), socket }),
      closed(closing) {
        sockets.delete(socket)
        input({ kind: 'closed', time: world.now(), random: world.random(), socket, ...closing })
      },
    })

  /** In order. Once a partition refused, nothing of this turn passes there: a gap must come first. */
  function carryOut(outputs: readonly FeedOutput[]): readonly Refused[] {
    const refused: Refused[] = []
    for (const output of outputs) {
      switch (output.kind) {
        case 'tick':
          offer(output, refused)
          break
        case 'letter':
          world.letter(exchange, output.letter)
          break
        case 'event':
          world.event(exchange, output)
          break
        case 'connect':
          sockets.set(output.socket, connect(output.url, output.socket))
          break
        case 'send':
          sockets.get(output.socket)?.send(output.frame)
          break
        case 'terminate':
          sockets.get(output.socket)?.terminate()
          sockets.delete(output.socket)
          break
      }
    }
    return refused
  }

  function offer({ tick, key, partitions }: Extract<FeedOutput, { kind: 'tick' }>, refused: Refused[]): void {
    let taken = false
    for (const partition of partitions) {
      if (refused.every((one) => one.partition !== partition) && world.offer(tick, key, partition)) taken = true
      else refused.push({ partition, tick })
    }
    const { payload } = tick
    if (taken && payload.kind === 'gap' && !missesNothing(payload)) world.event(exchange, gapEvent(tick, payload))
  }

  return {
    exchange,
    state,
    input,
    stop(why = 'the producer stops') {
      if (state.phaseTime === Infinity) return
      for (const socket of sockets.values()) socket.terminate()
      sockets.clear()
      input({ kind: 'closed', time: world.now(), reason: 'stopped', detail: why, random: 0 })
    },
  }
}

/** The attempts to connect of a process, by host: an exchange counts those of an address, not of a feed. */
export function connectsByHost(): (host: string) => Connects {
  const known = new Map<string, Connects>()
  return (host) => {
    const connects = known.get(host) ?? { bucket: FULL_BUCKET }
    known.set(host, connects)
    return connects
  }
}

/** Session numbers: the time of the opening, above the last one of the same exchange in this process. */
export function sessionNumbers(): (exchange: string, openedAt: Micros) => Micros {
  const last = new Map<string, number>()
  return (exchange, openedAt) => {
    const session = micros(Math.max(openedAt, (last.get(exchange) ?? 0) + 1))
    last.set(exchange, session)
    return session
  }
}

/** The world of a recording: its clock is the recorded one, its socket is always there, nothing stalls. */
export const recordedWorld = (world: World, time: () => Micros): World => ({
  ...world,
  now: time,
  random: () => 0,
  connects: () => ({ bucket: FULL_BUCKET }),
  turn() {},
  openSocket(_, events) {
    events.opened()
    return { send() {}, terminate() {} }
  },
})

type Refused = { readonly partition: number; readonly tick: Tick }

function gapEvent({ symbol, session }: Tick, { from, to, reason }: Gap): FeedEvent {
  return {
    event: 'GAP',
    symbol: symbol === '' ? undefined : symbol,
    message: `records may be missing: ${reason}`,
    details: { reason, fromMicros: String(from), toMicros: String(to), session: String(session) },
  }
}
