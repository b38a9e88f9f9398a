import { describe, expect, test } from 'vitest'
import { micros, type Micros } from '../../core/time.ts'
import { parseRecording } from '../../producers/recording.ts'
import { replay, type Fleet } from '../../producers/sources.ts'
import { MOMENT } from '../support/ticks.ts'
import { bookTicker } from './harness.ts'
import { world } from './world.ts'

const fleetOf = (around = world()): Fleet & { readonly around: ReturnType<typeof world> } => ({
  world: around.effects,
  shared: { feed: 'LIVE', partitions: 2, inverses: new Set(), conversions: new Set() },
  feeds: [],
  clocked: new Set(),
  waiting: new Map(),
  around,
})
describe('replaying', () => {
  const T = 1_628_952_394
  const list = JSON.stringify({ symbols: [{ symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' }] })
  const session = (name: string, frames: number) =>
    parseRecording(name, [
      `https://api.binance.com/api/v3/exchangeInfo -> ${T}.0: ${list}`,
      [
        `wss://stream.binance.com:9443/stream?x <-> ${T}.0`,
        ...Array.from({ length: frames }, (_, index) => `${T + index}.5: ${JSON.stringify(bookTicker(index + 1))}`),
      ].join('\n'),
    ])
  /** A clock that sleeping moves. */
  const playerAt = (start: Micros) => {
    const clock = { time: Number(start), slept: 0, settled: 0 }
    return {
      clock,
      player: {
        now: () => micros(Math.round(clock.time)),
        sleep: (ms: number) => {
          clock.time += ms * 1000
          clock.slept += ms
          return Promise.resolve()
        },
        settled: () => {
          clock.settled++
          return Promise.resolve()
        },
        stopped: () => false,
      },
    }
  }
  const quotes = (fleet: ReturnType<typeof fleetOf>) =>
    fleet.around.seen.map(({ tick }) => tick).filter(({ payload }) => payload.kind === 'quote')

  test.each([
    [1, 9.5],
    [2, 4.75],
    ['max', 0],
  ] as const)('takes its time at speed %s', async (speed, seconds) => {
    const fleet = fleetOf()
    const { player, clock } = playerAt(MOMENT)
    await replay(fleet, [session('A', 10)], ['binance'], { speed, newest: undefined, player })
    expect(clock.slept / 1000).toBeCloseTo(seconds, 1)
    expect(quotes(fleet)).toHaveLength(10)
  })

  test('gives two sessions of one exchange numbers of their own', async () => {
    const fleet = fleetOf()
    const { player } = playerAt(MOMENT)
    await replay(fleet, [session('A', 3), session('B', 3)], ['binance'], { speed: 1, newest: undefined, player })
    expect(new Set(quotes(fleet).map((tick) => tick.session))).toEqual(new Set([MOMENT, MOMENT + 1]))
  })

  test('waits for the log at full speed', async () => {
    const { player, clock } = playerAt(MOMENT)
    await replay(fleetOf(), [session('A', 300)], ['binance'], { speed: 'max', newest: undefined, player })
    expect(clock.settled).toBeGreaterThanOrEqual(3)
  })

  test('refuses a log that is newer than the recording’s start, but at its own speed', async () => {
    const { player } = playerAt(MOMENT)
    const newest = micros(MOMENT - 1_000_000)
    const play = (speed: 'max' | 1) => () =>
      replay(fleetOf(), [session('A', 10)], ['binance'], { speed, newest, player })
    expect(play('max')).toThrow(/newer than the start of A/)
    await expect(play(1)()).resolves.toBeDefined()
  })

  test('says when it can read none of the sessions', async () => {
    const fleet = fleetOf()
    const { player } = playerAt(MOMENT)
    await replay(fleet, [session('A', 1)], ['kraken'], { speed: 1, newest: undefined, player })
    expect(fleet.waiting.get('the recording')).toBe('holds no session that an adapter can read')
  })
})
