import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import type { FeedEvent, World } from '../../producers/shell.ts'
import type { Letter } from '../../producers/feed-state.ts'
import { connectsByHost, sessionNumbers } from '../../producers/shell.ts'
import { MOMENT } from '../support/ticks.ts'

type Offered = { readonly tick: Tick; readonly key: string; readonly partition: number }

/** A world that writes down what a feed does to it. `full` says which offers have no room. */
export function world(full: (offered: Offered) => boolean = () => false) {
  const seen: Offered[] = []
  const letters: Letter[] = []
  const events: FeedEvent[] = []
  const sent: string[] = []
  const sockets: { readonly url: string; readonly events: Parameters<World['openSocket']>[1]; terminated: boolean }[] =
    []
  const clock = { time: MOMENT }
  const effects: World = {
    now: () => clock.time,
    random: () => 0.5,
    session: sessionNumbers(),
    connects: connectsByHost(),
    openSocket(url, socketEvents) {
      const socket = { url, events: socketEvents, terminated: false }
      sockets.push(socket)
      return {
        send: (text) => sent.push(text),
        terminate() {
          socket.terminated = true
        },
      }
    },
    offer(tick, key, partition) {
      const offered = { tick, key, partition }
      if (full(offered)) return false
      seen.push(offered)
      return true
    },
    letter: (_, letter) => letters.push(letter),
    event: (_, event) => events.push(event),
    turn() {},
  }
  const pass = (seconds: number): void => {
    clock.time = micros(clock.time + Math.round(seconds * 1e6))
  }
  return { effects, seen, letters, events, sent, sockets, clock, pass }
}
