import { describe, expect, test } from 'vitest'
import { runFeed, sessionNumbers } from '../../producers/shell.ts'
import { micros, type Micros } from '../../core/time.ts'
import { MOMENT } from '../support/ticks.ts'
import { aggTrade, harness } from './harness.ts'
import { world } from './world.ts'

const start = (full?: Parameters<typeof world>[0]) => {
  const around = world(full)
  const feed = runFeed({ ...harness().state.settings, partitions: 2 }, around.effects)
  const turn = (): void => feed.input({ kind: 'clock', time: around.clock.time, random: 0.5 })
  turn()
  around.sockets[0]?.events.opened()
  const frame = (one: unknown): void => around.sockets.at(-1)?.events.frame(JSON.stringify(one))
  return { ...around, feed, frame, turn }
}

describe('the shell of a feed', () => {
  test('opens the socket that the engine asks for, and offers what its frames give', () => {
    const { sockets, seen, frame, events } = start()
    frame(aggTrade(1))
    expect(sockets[0]?.url).toMatch(/^wss:\/\/stream\.binance\.com:9443\/stream\?/)
    expect(seen.map(({ tick }) => tick.payload.kind)).toEqual(['gap', 'gap', 'heartbeat', 'heartbeat', 'gap', 'trade'])
    expect(events.map(({ event }) => event)).toEqual(['CONNECTED', 'GAP', 'GAP', 'GAP'])
  })

  test('lets nothing pass in a partition that refused, until the gap is written', () => {
    let room = true
    const { seen, frame, pass, turn } = start(() => !room)
    frame(aggTrade(1))
    const before = seen.length
    room = false
    frame(aggTrade(2))
    room = true
    frame(aggTrade(3))
    expect(seen).toHaveLength(before)
    pass(0.1)
    turn()
    frame(aggTrade(4))
    const after = seen.slice(before).map(({ tick }) => tick.payload)
    expect(after).toMatchObject([
      { kind: 'gap', reason: 'OVERFLOW' },
      { kind: 'trade', id: '4' },
    ])
  })

  test('holds back the rest of a turn behind a refused record of the same partition', () => {
    // The first gap of the second partition finds no room, a moment later there would be some.
    let refusals = 1
    const { seen, frame } = start(({ partition }) => partition === 1 && refusals-- > 0)
    frame(aggTrade(1))
    expect(seen.filter(({ partition }) => partition === 1)).toEqual([])
    expect(seen.filter(({ partition }) => partition === 0).length).toBeGreaterThan(1)
  })

  test('keeps the law of conservation when records are refused', () => {
    let offers = 0
    const { frame, feed, pass, turn } = start(() => offers++ % 3 === 0)
    for (let a = 1; a <= 200; a++) {
      frame(aggTrade(a, a / 10))
      pass(0.1)
      turn()
    }
    const { in: taken, ...outcomes } = feed.state.counts.entries
    expect(outcomes.overflow).toBeGreaterThan(20)
    expect(Object.values(outcomes).reduce((a, b) => a + b, 0)).toBe(taken)
  })

  test('hands malformed frames over with their raw text', () => {
    const { sockets, letters } = start()
    sockets[0]?.events.frame('{"stream":')
    expect(letters).toMatchObject([{ raw: '{"stream":', error: 'frame: no JSON' }])
  })

  test('asks whether the event loop stood still before each frame, so that a STALL gap precedes what came meanwhile', () => {
    const around = world()
    let from = around.clock.time
    // As a process does that missed its clock's turns.
    const turn = (time: Micros): void => {
      if (time - from > 350_000) feed.input({ kind: 'stalled', time, from })
      from = time
    }
    const feed = runFeed({ ...harness().state.settings, partitions: 1 }, { ...around.effects, turn })
    feed.input({ kind: 'clock', time: around.clock.time, random: 0.5 })
    around.sockets[0]?.events.opened()
    const frame = (one: unknown): void => around.sockets[0]?.events.frame(JSON.stringify(one))
    frame(aggTrade(1))
    around.pass(0.1)
    frame(aggTrade(2))
    const before = around.seen.length
    around.pass(2)
    frame(aggTrade(3))
    expect(around.seen.slice(before).map(({ tick }) => tick.payload)).toMatchObject([
      { kind: 'gap', reason: 'STALL', from: MOMENT + 100_000, to: MOMENT + 2_100_000 },
      { kind: 'trade', id: '3' },
    ])
  })

  test('terminates its socket when it stops', () => {
    const { feed, sockets, events } = start()
    feed.stop()
    expect(sockets[0]?.terminated).toBe(true)
    expect(events.at(-1)).toMatchObject({ event: 'DISCONNECTED', details: { reason: 'stopped' } })
  })
})

test('session numbers ascend per exchange though the clock stands still or steps back', () => {
  const next = sessionNumbers()
  expect([1000, 1000, 900, 2000].map((time) => next('binance', micros(time)))).toEqual([1000, 1001, 1002, 2000])
  expect(next('kraken', micros(900))).toBe(900)
})
