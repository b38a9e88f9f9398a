import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { allOf } from '../support/kafka.ts'
import { startProcessorsRig } from '../support/processors-rig.ts'
import { heartbeat, quote, tick, trade } from '../support/ticks.ts'

const KILLS = Number(process.env['KILLS'] ?? 20)
/** Seldom in the replay: it must come to an end, or nothing is ever saved and each replay is longer than the one before. */
const FAILPOINTS =
  'task.in_scan=0.02,task.in_replay=0.005,task.sent=0.005,task.acknowledged=0.3,task.snapshot_written=0.3'

/** A market of three exchanges that moves with each tick; so many records of each partition. */
function ticksOf(from: number, count: number): readonly Tick[] {
  const now = micros(Date.now() * 1000)
  return Array.from({ length: count }, (_, index) => {
    const ordinal = from + index
    const exchange = ['binance', 'kraken', 'coinbase'][ordinal % 3] ?? ''
    const price = 90_000 + ((ordinal * 37) % 400)
    const at = { exchange, ordinal, eventTime: now, receiveTime: now }
    if (ordinal % 10 < 3) return tick(heartbeat(), { ...at, symbol: '' })
    if (ordinal % 10 < 6) return tick(trade({ id: String(ordinal), price }), at)
    return tick(quote({ bid: price, ask: price + 1 }), at)
  })
}

test(
  'the market processor, killed again and again, writes what a replay writes, byte for byte',
  { timeout: 1_200_000 },
  async () => {
    const rig = await startProcessorsRig(inject('stack').registry)
    let fed = 0
    const feeding = setInterval(() => {
      const values = ticksOf(fed, 20).map(rig.encode)
      fed += values.length
      for (const partition of [0, 1, 2, 3, 4, 5]) rig.append(partition, values).catch(() => undefined)
    }, 100)
    for (let kill = 0; kill < KILLS; kill++) {
      const role = await rig.start(['run', 'processors', 'market'], { CROSSTIDE_FAILPOINTS: FAILPOINTS })
      // A dead member holds its slots until its session expires.
      await Promise.race([role.exited, sleep(14_000)])
      role.child.kill('SIGKILL')
      await role.exited
    }
    clearInterval(feeding)
    const last = await rig.start(['run', 'processors', 'market'])
    const lag = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${last.opsPort}/metrics`)).text()
      const lags = [...text.matchAll(/^crosstide_processor_lag_records\{[^}]*\} (\d+)/gm)]
      return lags.length === 6 ? lags.reduce((sum, [, records]) => sum + Number(records), 0) : Infinity
    }
    for (let tries = 0; tries < 3000 && (await lag().catch(() => Infinity)) > 0; tries++) await sleep(100)
    const readiness = await (await fetch(`http://127.0.0.1:${last.opsPort}/readyz`)).text()
    const behind = await lag()
    last.child.kill('SIGTERM')
    expect(await last.exited).toBe(0)
    const candles = await allOf(rig.ranges, { topic: rig.topics.candles.name, partition: 0 })
    const verify = await rig.start(['replay', 'verify', '--processor', 'market', '--from', 'start'])
    const code = await verify.exited
    await rig.stop()
    console.info(`${KILLS} kills, ${fed} ticks of each partition, ${candles.length} candles of the first`)
    expect({ behind, readiness: JSON.parse(readiness) }).toEqual({
      behind: 0,
      readiness: { ready: true, problems: [] },
    })
    expect(candles.length).toBeGreaterThan(100)
    expect(code).toBe(0)
  },
)
