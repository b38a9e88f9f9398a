import { PipelineError } from '../core/errors.ts'
import type { Exchange } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Instrument } from './adapter.ts'
import { ADAPTERS } from './adapters.ts'
import type { FeedSettings } from './feed-state.ts'
import type { FeedInput } from './feed.ts'
import { choose } from './instruments.ts'
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

/** Where an exchange is, and how its list of instruments is got: for as long as it takes, `undefined` if we stop first. */
export type Reach = {
  readonly symbols: readonly string[]
  readonly address: (url: string) => string
  /** By partition, where the log says its last trade was. */
  readonly lastTrades: readonly (Micros | undefined)[]
  readonly list: (
    url: string,
    parse: (body: unknown) => readonly Instrument[],
    failed: (message: string) => void,
  ) => Promise<readonly Instrument[] | undefined>
}

/**
 * A socket's feed; it starts when the exchange's list of instruments has come. A symbol that is not on it is a fault that
 * names it, the others go on. Throws BAD_CONFIG if a symbol stands for two instruments.
 */
export async function follow(
  fleet: Fleet,
  exchange: Exchange,
  { symbols, address, lastTrades, list }: Reach,
): Promise<void> {
  const { world, shared, feeds, clocked, waiting } = fleet
  const adapter = ADAPTERS[exchange]
  waiting.set(exchange, 'has not given its list of instruments yet')
  const listed = await list(address(adapter.instruments.url), adapter.instruments.parse, (message) => {
    waiting.set(exchange, `does not give its list of instruments: ${message}`)
  })
  if (listed === undefined) return
  const { instruments, unknown, ambiguous } = choose(symbols, listed)
  if (ambiguous.length > 0)
    throw new PipelineError('BAD_CONFIG', `${exchange} lists more than one instrument as ${ambiguous.join(', ')}`)
  for (const symbol of unknown) {
    const message = `${exchange} lists no instrument ${symbol}`
    world.event(exchange, { event: 'FAULT', symbol, message, details: {} })
  }
  if (instruments.length === 0) {
    waiting.set(exchange, 'lists none of the configured symbols')
    return
  }
  waiting.delete(exchange)
  const feed = runFeed({ ...shared, adapter, instruments, address, lastTrades, shift: 0 }, world)
  feeds.push(feed)
  clocked.add(feed)
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
