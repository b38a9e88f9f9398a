import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { alert } from '../../support/alerts.ts'
import type { Settings } from '../../support/alerts-process.ts'
import { outboxOf, storeAlerts } from '../../support/alerts-rig.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { startReceiver, type Receiver } from '../../support/receiver.ts'

let own: TestDatabase
let desk: Receiver
const ends: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'alertkill')
})
afterAll(() => own.drop())
beforeEach(async () => {
  await own.pool.query('truncate ingest.offsets, ingest.derived_origins, alerts, ingest.alert_outbox restart identity')
  desk = await startReceiver()
  ends.push(() => desk.close())
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

function launch(failpoints: string, silentMs = 10_000): ChildProcess {
  const settings: Settings = {
    database: own.url,
    config: {
      channels: [
        { kind: 'webhook', name: 'desk', url: desk.url, secretEnv: 'S', allowLoopback: true, perMinute: 10_000 },
      ],
    },
    secrets: { S: 'secret' },
    failpoints,
    silentMs,
  }
  const script = fileURLToPath(new URL('../../support/alerts-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit'] })
  ends.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

const arrivals = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { body } of desk.arrived)
    for (const { alertId } of JSON.parse(body).alerts) counts.set(alertId, (counts.get(alertId) ?? 0) + 1)
  return counts
}
const isDone = async (): Promise<boolean> => (await outboxOf(own)).every(({ outcome }) => outcome === 'sent')
const PATIENCE = { timeout: 60_000, interval: 50 }

// I7: one alert per id and channel, unknown sends listed.
describe('a sender that is killed', { timeout: 120_000 }, () => {
  test('at any moment loses no alert, and none arrives twice without its row saying that this may be', async () => {
    const all = Array.from({ length: 14 }, (_, n) => alert(n, { ruleId: `r${n}` }))
    await storeAlerts(own, all, ['desk'])
    let kills = 0
    while (!(await isDone())) {
      const child = launch('alerts.begun=0.15,alerts.sent=0.3')
      const exit = once(child, 'exit')
      const done = vi.waitFor(async () => expect(await isDone()).toBe(true), PATIENCE).then(() => child.kill('SIGKILL'))
      await Promise.race([exit, done.catch(() => undefined)])
      await exit
      kills += 1
    }
    const rows = await outboxOf(own)
    const arrived = arrivals()
    const wrong = rows.filter(({ n, uncertain, attempts }) => {
      const times = arrived.get(alert(n).alertId) ?? 0
      return times < 1 || times > 1 + uncertain || attempts !== 1 + uncertain
    })
    expect(wrong).toEqual([])
    expect(kills).toBeGreaterThan(1)
    // Some did arrive twice, else nothing was tried.
    expect([...arrived.values()].some((times) => times > 1)).toBe(true)
  })

  test('between sending and noting it is followed by one that sends again, and says so in message and row', async () => {
    await storeAlerts(own, [alert(0), alert(1, { ruleId: 'other' })], ['desk'])
    const child = launch('alerts.sent=1')
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect(await outboxOf(own)).toMatchObject([
      { outcome: null, attempts: 1, uncertain: 0 },
      { outcome: null, attempts: 0, uncertain: 0 },
    ])
    launch('')
    await vi.waitFor(async () => expect(await isDone()).toBe(true), PATIENCE)
    expect(await outboxOf(own)).toMatchObject([
      { outcome: 'sent', attempts: 2, uncertain: 1, reason: 'the sender ended before the answer' },
      { outcome: 'sent', attempts: 1, uncertain: 0 },
    ])
    expect(desk.arrived.map(({ body }) => JSON.parse(body).mayBeRepeat)).toEqual([false, true, false])
  })

  test('that is paused is taken over from, and does no harm when it wakes up', async () => {
    const child = launch('', 1000)
    await storeAlerts(own, [alert(0)], ['desk'])
    await vi.waitFor(async () => expect(await isDone()).toBe(true), PATIENCE)
    child.kill('SIGSTOP')
    await storeAlerts(own, [alert(1)], ['desk'])
    launch('', 1000)
    await vi.waitFor(async () => expect(await isDone()).toBe(true), PATIENCE)
    child.kill('SIGCONT')
    await storeAlerts(own, [alert(2), alert(3)], ['desk'])
    await vi.waitFor(async () => expect(await isDone()).toBe(true), PATIENCE)
    expect([...arrivals().values()]).toEqual([1, 1, 1, 1])
    expect(child.exitCode).toBe(null)
  })
})
