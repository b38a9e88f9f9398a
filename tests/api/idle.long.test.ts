import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { idle, timesOf } from '../support/idle.ts'

let rig: ApiRig
beforeAll(async () => {
  rig = await startApiRig()
})
afterAll(() => rig.stop())

test('with 5,000 idle connections coming and coming again, p99 of /livez is below 250 ms and memory is bounded', async () => {
  const before = process.memoryUsage.rss()
  const rounds = []
  for (let round = 0; round < 3; round++) {
    const idlers = await idle(rig.port, 5000)
    const times = await timesOf(`${rig.url}/livez`, 300)
    rounds.push({ p99Ms: Math.round(times[297] ?? Number.NaN), open: idlers.open() })
    idlers.end()
  }
  const grownMiB = Math.round((process.memoryUsage.rss() - before) / 1024 / 1024)
  console.log(JSON.stringify({ rounds, grownMiB }))
  expect(Math.max(...rounds.map(({ p99Ms }) => p99Ms))).toBeLessThan(250)
  expect(Math.max(...rounds.map(({ open }) => open))).toBeLessThanOrEqual(1000)
  // Both ends of every connection are in this process.
  expect(grownMiB).toBeLessThan(400)
}, 120_000)
