import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import type { Candle } from '../../core/candle.ts'
import type { Derived } from '../../core/processor.ts'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import type { Incoming } from '../../io/kafka/port.ts'
import type { Decoder } from '../../io/registry.ts'
import { candleCodec } from '../../schemas/derived.ts'
import { allOf, uniqueName } from '../support/kafka.ts'
import { startProcessorsRig, type ProcessorsRig, type Role } from '../support/processors-rig.ts'
import { tick, trade } from '../support/ticks.ts'

const TICK_SCHEMA = new URL('../../schemas/Tick.avsc', import.meta.url)
const WAIT_MS = 60_000

let rig: ProcessorsRig
let candles: Decoder<Derived<Candle>>
const roles: Role[] = []

beforeAll(async () => {
  rig = await startProcessorsRig(inject('stack').registry)
  candles = rig.client.decoder(candleCodec)
  for (let process = 0; process < 2; process++) roles.push(await rig.start(['run', 'processors', 'market']))
  await until(async () => (await Promise.all(roles.map(slotsOf))).every((slots) => slots === 3))
})

afterAll(async () => rig?.stop())

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(100))
    if (await isSo().catch(() => false)) return
  throw new Error('it did not come to that in time')
}

const metricsOf = async ({ opsPort }: Role): Promise<string> =>
  (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
const slotsOf = async (role: Role): Promise<number> =>
  [...(await metricsOf(role)).matchAll(/^crosstide_processor_lag_records\{.*slot=/gm)].length
const readiness = async ({ opsPort }: Role): Promise<string> =>
  (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).text()

let ordinal = 0
/** A trade so many seconds ago. */
const tradeAt = (secondsAgo: number, price = 100): Tick => {
  const time = micros((Date.now() - secondsAgo * 1000) * 1000)
  ordinal += 1
  return tick(trade({ price, id: String(ordinal) }), { eventTime: time, receiveTime: time, ordinal })
}

/** Input offsets that made candles of 1 s, of a partition. */
async function causes(partition: number): Promise<readonly number[]> {
  const found: number[] = []
  for (const { value } of await allOf(rig.ranges, { topic: rig.topics.candles.name, partition })) {
    let read = candles.decode(value)
    if (read.kind === 'unknown-schema' && (await candles.learn(read.id))) read = candles.decode(value)
    if (read.kind === 'value') found.push(read.value.origin.offset)
  }
  return found
}

const header = ({ headers = [] }: Incoming, name: string): string =>
  String(headers.find(([one]) => one === name)?.[1] ?? '')

describe('crosstide run processors market, twice', { timeout: 150_000 }, () => {
  test('keeps what nobody can read with its coordinate, and goes on with the next record', async () => {
    const whole = rig.encode(tradeAt(5))
    const poison = [
      Buffer.concat([Buffer.from([9]), whole.subarray(1)]),
      whole.subarray(0, whole.length - 3),
      Buffer.concat([whole, Buffer.from([0])]),
      rig.encode(tradeAt(5, Number.NaN)),
    ]
    await rig.append(0, [rig.encode(tradeAt(10)), ...poison, rig.encode(tradeAt(0))])
    // Closed by the record after the poison: it is read.
    await until(async () => (await causes(0)).includes(5))
    const letters = (await allOf(rig.ranges, { topic: rig.topics.ticksDeadLetters.name, partition: 0 })).filter(
      (letter) => header(letter, 'dlq-partition') === '0',
    )
    expect(letters.map((letter) => [header(letter, 'dlq-stage'), header(letter, 'dlq-offset')])).toEqual(
      [1, 2, 3, 4].map((offset) => ['processor', String(offset)]),
    )
    expect(letters.map(({ value }) => value?.toString('hex'))).toEqual(poison.map((value) => value.toString('hex')))
    expect(letters.map((letter) => header(letter, 'dlq-error'))).toEqual([
      expect.stringContaining('magic'),
      expect.stringContaining('truncated'),
      expect.stringContaining('trailing'),
      expect.stringContaining('price'),
    ])
  })

  test('waits where a schema is unknown, says so, goes on elsewhere, and reads it once the registry knows it', async () => {
    const schema = { ...JSON.parse(readFileSync(TICK_SCHEMA, 'utf8')), doc: uniqueName('tick') }
    const answer = await fetch(`${rig.registry.url}/subjects/${uniqueName('ticks')}-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    const { id } = z.object({ id: z.number() }).parse(await answer.json())
    rig.registry.hidden.add(id)
    // Made in the order of the log: a lower ordinal would be a repeat.
    const known = rig.encode(tradeAt(10))
    const unknown = Buffer.from(rig.encode(tradeAt(0)))
    unknown.writeInt32BE(id, 1)
    await rig.append(1, [known, unknown])
    await rig.append(2, [rig.encode(tradeAt(10)), rig.encode(tradeAt(0))])
    await until(async () => (await Promise.all(roles.map(readiness))).join('').includes(`waiting for schema ${id}`))
    await until(async () => (await causes(2)).includes(1))
    expect(await causes(1)).toEqual([])
    rig.registry.hidden.clear()
    await until(async () => (await causes(1)).includes(1))
    await until(async () => !(await Promise.all(roles.map(readiness))).join('').includes('waiting'))
  })

  test('measures lag, records, step time, outputs, what was late or suppressed, snapshots and restores', async () => {
    const text = await metricsOf(roles[0] ?? raise('no role'))
    for (const what of ['processed', 'late', 'duplicate', 'ignored', 'fault', 'emitted', 'suppressed'])
      expect(text).toContain(`processor_records_total{processor="market",what="${what}"`)
    for (const name of [
      'processor_lag_records{',
      'processor_step_seconds_count{',
      'processor_restore_seconds_count{',
      '# TYPE crosstide_processor_snapshot_bytes histogram',
      '# TYPE crosstide_processor_snapshot_seconds histogram',
      '# TYPE crosstide_processor_stopped_tasks_total counter',
      '# TYPE crosstide_processor_rebalances_total counter',
    ])
      expect(text).toContain(name)
  })

  test('shares the partitions; when one stops in order, the other goes on from its snapshots', async () => {
    const [first = raise('no role'), second = raise('no role')] = roles
    first.child.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    await until(async () => (await slotsOf(second)) === 6)
    // Saved in order by the one that stopped.
    await until(async () => /processor_restore_seconds_count\{[^}]*from="snapshot"/.test(await metricsOf(second)))
    // A candle is closed by what comes two seconds after it.
    await until(async () => {
      for (const partition of [0, 1, 2]) await rig.append(partition, [rig.encode(tradeAt(0))])
      return (await Promise.all([0, 1, 2].map(causes))).every((offsets) => offsets.some((offset) => offset > 5))
    })
    expect(await readiness(second)).toContain('"ready":true')
  })
})

function raise(message: string): never {
  throw new Error(message)
}
