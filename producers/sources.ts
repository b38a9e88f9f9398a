import { PipelineError } from '../core/errors.ts'
import type { Exchange } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { FeedSettings } from './feed-state.ts'
import type { FeedInput } from './feed.ts'
import { play, playback, playedInstruments, shiftOf, startOf, type Player, type Speed } from './playback.ts'
import { playable, type Recording } from './recording.ts'
import { recordedWorld, runFeed, type RunningFeed, type World } from './shell.ts'

/** The feeds of one process. `clocked` ones have the wall clock; a recording brings its own while it plays. */
export type Fleet = {
  readonly world: World
  readonly shared: Omit<FeedSettings, 'adapter' | 'instruments' | 'address' | 'lastTrades' | 'shift'>
  readonly feeds: RunningFeed[]
  readonly clocked: Set<RunningFeed>
  /** Why an exchange has no feed (yet). */
  readonly waiting: Map<string, string>
}

/**
 * Plays recorded sessions of the given exchanges side by side; what it answers resolves when all have ended.
 *
 * At another speed than its own a recording ends now, so it began in the past: throws WRONG_USE if the log already holds
 * ticks that are newer (`newest`), for it would call the recording's late.
 */
export function replay(
  fleet: Fleet,
  recordings: readonly Recording[],
  exchanges: readonly Exchange[],
  { speed, newest, player }: { readonly speed: Speed; readonly newest: Micros | undefined; readonly player: Player },
): Promise<unknown> {
  const started = player.now()
  const shifted = recordings
    .filter((recording) => playable(recording).some(({ adapter }) => exchanges.includes(adapter.exchange)))
    .map((recording) => ({ recording, shift: shiftOf(recording, speed, started) }))
  for (const { recording, shift } of shifted) {
    if (speed === 1 || newest === undefined || startOf(recording) + shift >= newest) continue
    const mend = 'run: crosstide reset, or play at speed 1'
    throw new PipelineError('WRONG_USE', `the log is newer than the start of ${recording.name}; ${mend}`)
  }
  const playing = shifted.flatMap(({ recording, shift }) =>
    playable(recording)
      .filter(({ adapter }) => exchanges.includes(adapter.exchange))
      .map(async (one) => {
        const settings = {
          ...fleet.shared,
          adapter: one.adapter,
          instruments: playedInstruments(one),
          lastTrades: [],
          shift,
        }
        let time = started
        const world = recordedWorld(fleet.world, () => time)
        const feed = runFeed({ ...settings, address: (url) => url }, world)
        fleet.feeds.push(feed)
        const take = (input: FeedInput): void => {
          time = input.time
          feed.input(input)
        }
        await play(playback(one.connection, shift), speed, take, player)
        // From here on its heartbeats say DOWN, at the wall clock's time.
        fleet.clocked.add(feed)
      }),
  )
  if (playing.length === 0) fleet.waiting.set('the recording', 'holds no session that an adapter can read')
  return Promise.all(playing)
}
