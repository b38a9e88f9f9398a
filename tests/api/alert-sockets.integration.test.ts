import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { LOCAL } from '../../api/access.ts'
import { liveAlert } from '../../api/alert-documents.ts'
import { LIMITS } from '../../api/hub.ts'
import type { WrittenAlert } from '../../core/alert.ts'
import { micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { alert, serviceAlert } from '../support/alerts.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { openLiveAlerts, type LiveAlertsRig } from '../support/live-alerts.ts'

const BEHIND_MS = 1000
const KEY = 'a-key-that-may-write-01234567'
const head = { channel: z.literal('alerts'), sequence: z.number(), time: z.string(), source: z.literal('simulated') }
const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('snapshot'), ...head, isWhole: z.literal(true), alerts: z.array(liveAlert) }),
  z.strictObject({ type: z.literal('alert'), ...head, alerts: z.array(liveAlert) }),
])
type Message = z.output<typeof message>
type Client = { readonly socket: WebSocket; readonly heard: Message[]; readonly closed: Promise<number> }

let rig: ApiRig
let alerts: LiveAlertsRig
const sockets: WebSocket[] = []

async function listen(filter: object = {}): Promise<Client> {
  const heard: Message[] = []
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`)
  sockets.push(socket)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('message', (bytes: Buffer) => heard.push(message.parse(JSON.parse(bytes.toString()))))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe_alerts', ...filter }))
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0)
  return { socket, heard, closed }
}
/** `spike@1:0:7:0` is 7. */
const story = ({ heard }: Client): readonly string[] =>
  heard.flatMap(({ type, alerts: all }) =>
    all.map(
      ({ alertId, state }) => `${type === 'snapshot' ? 'is' : 'now'} ${/\d+(?=:0$|$)/.exec(alertId)?.[0]} ${state}`,
    ),
  )
const WAIT = { timeout: 10_000 }
const fired = (n: number, change: Partial<WrittenAlert> = {}) => alert(n, { feed: 'SIMULATED', ...change })
/** The end of story `of`. */
const resolved = (n: number, of: number, change: Partial<WrittenAlert> = {}) =>
  fired(n, { alertKey: alert(of).alertKey, phase: 'RESOLVED', ...change })
const ack = (n: number) =>
  fetch(`${rig.url}/api/v1/alerts/spike@1:0:${n}:0/ack`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
  })

beforeAll(async () => {
  const localKeyHash = createHash('sha256').update(KEY).digest('hex')
  const limits = { ...LIMITS, behindMicros: BEHIND_MS * 1000 }
  rig = await startApiRig({ access: { ...LOCAL, localKeyHash }, limits })
  alerts = await openLiveAlerts(rig)
})
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await rig.stop()
})

describe('subscribe_alerts', () => {
  test('gives what is not resolved, be it nothing, then what fires and is resolved, as it comes to the topic', async () => {
    const early = await listen()
    expect(early.heard).toMatchObject([{ type: 'snapshot', alerts: [] }])
    await alerts.say(fired(1))
    await expect.poll(() => story(early), WAIT).toEqual(['now 1 open'])
    const late = await listen()
    expect(story(late)).toEqual(['is 1 open'])
    await alerts.say(serviceAlert(2, { feed: 'SIMULATED' }), resolved(3, 1))
    for (const client of [early, late])
      await expect.poll(() => story(client).slice(-2), WAIT).toEqual(['now 2 open', 'now 3 resolved'])
    const sequences = early.heard.map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    expect(story(await listen())).toEqual(['is 2 open'])
  })

  test('a repeat on the topic is dropped, of a rule and of a service', async () => {
    const client = await listen({ exchanges: ['KRAKEN'] })
    const service = serviceAlert(5, { feed: 'SIMULATED' })
    await alerts.say(fired(4), service, fired(4), service, fired(6))
    await expect.poll(() => story(client), WAIT).toEqual(['is 2 open', 'now 4 open', 'now 5 open', 'now 6 open'])
  })

  test('two clients with different filters get what each names, and the end of what it got', async () => {
    const eth = await listen({ symbols: ['eth-usd'], ruleIds: ['spike'] })
    const grave = await listen({ minSeverity: 'critical' })
    await alerts.say(fired(7, { symbol: 'ETH-USD' }), fired(8, { severity: 'critical' }), fired(9))
    await alerts.say(resolved(10, 8, { severity: 'info' }), resolved(11, 7, { symbol: 'ETH-USD' }), resolved(12, 9))
    await expect.poll(() => story(eth), WAIT).toEqual(['now 7 open', 'now 11 resolved'])
    await expect.poll(() => story(grave), WAIT).toEqual(['now 8 open', 'now 10 resolved'])
  })

  test('an acknowledgement reaches everybody once; unsubscribing ends it', async () => {
    const [one, other, gone] = [await listen(), await listen({ ruleIds: ['spike'] }), await listen()]
    gone.socket.send('{"type":"unsubscribe_alerts"}')
    await alerts.store()
    expect((await ack(4)).status).toBe(200)
    expect((await ack(4)).status).toBe(200)
    for (const client of [one, other]) await expect.poll(() => story(client).at(-1), WAIT).toBe('now 4 acknowledged')
    expect(one.heard.at(-1)?.alerts).toMatchObject([{ alertKey: alert(4).alertKey, ackedBy: 'local' }])
    // A second look, and what comes after it.
    await sleep(1500)
    await alerts.say(fired(13))
    await expect.poll(() => story(one).slice(-2), WAIT).toEqual(['now 4 acknowledged', 'now 13 open'])
    expect(story(gone).filter((line) => line.startsWith('now'))).toEqual([])
  })

  test('what stands survives a restart, from the tables and from what the sink had not stored yet', async () => {
    await alerts.store()
    // Repeats of what is stored and over: only the tables can tell them from beginnings.
    await alerts.say(fired(1), fired(14), resolved(15, 6))
    await rig.restart(async () => {
      // Said while nobody listened.
      await alerts.say(
        fired(16),
        serviceAlert(2, { alertId: 'healer/here/SILENT/17', phase: 'RESOLVED', feed: 'SIMULATED' }),
      )
    })
    const client = await listen()
    const standing = () => {
      const known = new Map<string, string>()
      for (const { alerts: all } of client.heard)
        for (const one of all)
          if (one.phase === 'FIRED') known.set(one.alertId, `${one.alertKey} ${one.state}`)
          else for (const [id, text] of known) if (text.startsWith(`${one.alertKey} `)) known.delete(id)
      return [...known.keys()].toSorted()
    }
    await expect
      .poll(standing, WAIT)
      .toEqual(['healer/here/SILENT/5', 'spike@1:0:13:0', 'spike@1:0:14:0', 'spike@1:0:16:0', 'spike@1:0:4:0'])
    expect(client.heard[0]?.alerts.find(({ alertId }) => alertId === 'spike@1:0:4:0')).toMatchObject({
      state: 'acknowledged',
      ackedBy: 'local',
    })
  })

  test('what passes by itself is told, a renewal is not', async () => {
    const client = await listen({ ruleIds: ['passing'] })
    const passing = { ruleId: 'passing', resolves: false, at: micros(now() - 899_000_000) }
    await alerts.say(fired(20, passing), fired(21, { ...passing, resolves: true }))
    await alerts.say(resolved(22, 21, { ruleId: 'passing', reason: 'renew', at: now() }))
    await expect.poll(() => story(client), WAIT).toEqual(['now 20 open', 'now 21 open', 'now 20 passed'])
    await alerts.say(resolved(23, 21, { ruleId: 'passing', reason: 'release' }))
    await expect.poll(() => story(client).at(-1), WAIT).toBe('now 23 resolved')
  })

  test('a client that stops reading is closed 1013 while others go on, and may come back', async () => {
    const [slow, quick] = [await listen(), await listen()]
    slow.socket.pause()
    // The kernel takes up to ten megabytes for a stalled client before our own buffer grows: 20 MB in all.
    const words = 'x'.repeat(100_000)
    for (let n = 100; n < 300; n += 5) {
      await alerts.say(...[0, 1, 2, 3, 4].map((more) => resolved(n + more, n + more, { fields: { words } })))
      await expect.poll(() => story(quick).at(-1), WAIT).toBe(`now ${n + 4} resolved`)
    }
    await sleep(2 * BEHIND_MS)
    await alerts.say(fired(300))
    await expect.poll(() => story(quick).at(-1), WAIT).toBe('now 300 open')
    slow.socket.resume()
    expect(await slow.closed).toBe(1013)
    expect(story(slow)).not.toContain('now 300 open')
    expect(story(await listen()).at(-1)).toBe('is 300 open')
  })
})
