import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { slotName, type Offset, type Stage } from '../../../../io/kafka/port.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
const PARTITIONS = 4
const RESTORE_MS = 700

test('C4: a member joins and leaves under load: nothing comes before a restore, each record has one owner, none is skipped', async () => {
  const topic = await freshTopic(brokers, { partitions: PARTITIONS })
  const groupId = uniqueName('group')
  /** What a sink would keep: the next offset per slot, and who handled each record. */
  const next = new Map<string, Offset>()
  const handledBy = new Map<string, string[]>()
  const early: string[] = []
  let rebalances = 0

  const member = (name: string) => {
    const restored = new Set<string>()
    const stage: Stage = {
      async assigned(slot) {
        restored.delete(slotName(slot))
        await sleep(RESTORE_MS)
        restored.add(slotName(slot))
        return next.get(slotName(slot)) ?? 0
      },
      async batch(slot, records, turn) {
        const key = slotName(slot)
        if (!restored.has(key)) early.push(`${name} ${key}`)
        const first = records[0]?.offset ?? 0
        if (!(await turn.alive())) return first
        for (const { offset } of records) {
          const record = `${key}:${offset}`
          handledBy.set(record, [...(handledBy.get(record) ?? []), name])
        }
        next.set(key, (records.at(-1)?.offset ?? 0) + 1)
        return next.get(key) ?? first
      },
      released: (slot) => restored.delete(slotName(slot)),
    }
    const observer = { rebalanced: () => void (rebalances += 1) }
    const reader = openReader({ ...kafkaOptions(brokers, { observer }), groupId, topic })
    return { reader, running: reader.run(stage) }
  }

  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  let sent = 0
  const load = setInterval(() => {
    for (let n = 0; n < 20; n++, sent++) writer.offer(outgoing(topic, sent % PARTITIONS, String(sent)))
  }, 10)

  const first = member('first')
  await sleep(2500)
  const second = member('second')
  await sleep(4000)
  await second.reader.close()
  await second.running
  await sleep(4000)
  clearInterval(load)
  await writer.close(5000)

  const total = () => [...next.values()].reduce((sum, one) => sum + one, 0)
  await expect.poll(total, { timeout: 10_000 }).toBe(sent)
  expect([...first.reader.lag().values()]).toEqual([0, 0, 0, 0])
  await first.reader.close()
  await first.running

  expect(early).toEqual([])
  expect(handledBy.size).toBe(sent)
  expect([...handledBy.values()].filter((owners) => owners.length > 1)).toEqual([])
  expect(new Set([...handledBy.values()].flat())).toEqual(new Set(['first', 'second']))
  expect(rebalances).toBeGreaterThanOrEqual(2)
})

test('C4: a batch that asks in the middle of a rebalance hears that its slot may be someone else’s', async () => {
  const topic = await freshTopic(brokers, { partitions: PARTITIONS })
  const groupId = uniqueName('group')
  await fill(topic)
  const answers = new Map<string, boolean[]>()
  const first = openReader({ ...kafkaOptions(brokers), groupId, topic })
  const running = first.run({
    assigned: async () => 0,
    async batch(slot, records, turn) {
      const heard = answers.get(slotName(slot)) ?? []
      answers.set(slotName(slot), heard)
      for (const endAtMs = performance.now() + 8000; performance.now() < endAtMs; await sleep(50)) {
        const isAlive = await turn.alive()
        if (heard.at(-1) !== isAlive) heard.push(isAlive)
        if (!isAlive) return records[0]?.offset ?? 0
      }
      return (records.at(-1)?.offset ?? 0) + 1
    },
    released: () => undefined,
  })
  await expect.poll(() => answers.size, { timeout: 10_000 }).toBe(PARTITIONS)
  await sleep(500)
  expect([...answers.values()]).toEqual(Array.from({ length: PARTITIONS }, () => [true]))
  const second = openReader({ ...kafkaOptions(brokers), groupId, topic })
  const joining = second.run(idle)
  await expect.poll(() => [...answers.values()].every((heard) => heard[1] === false), { timeout: 6000 }).toBe(true)
  await Promise.all([first.close(), second.close()])
  await Promise.all([running, joining])
})

test('C4: two rebalances inside one batch: no slot is restored or worked again while that batch runs', async () => {
  const topic = await freshTopic(brokers, { partitions: PARTITIONS })
  const groupId = uniqueName('group')
  await fill(topic)
  const busy = new Set<string>()
  const overlaps: string[] = []
  let [restores, begun] = [0, 0]
  const batchDone = Promise.withResolvers<void>()
  const first = openReader({ ...kafkaOptions(brokers), groupId, topic })
  const running = first.run({
    async assigned(slot) {
      restores += 1
      if (busy.has(slotName(slot))) overlaps.push(`restore of ${slotName(slot)}`)
      return 0
    },
    async batch(slot, records) {
      if (busy.has(slotName(slot))) overlaps.push(`batch of ${slotName(slot)}`)
      busy.add(slotName(slot))
      begun += 1
      await batchDone.promise
      busy.delete(slotName(slot))
      return (records.at(-1)?.offset ?? 0) + 1
    },
    released: () => undefined,
  })
  await expect.poll(() => begun, { timeout: 10_000 }).toBe(PARTITIONS)
  const join = async () => {
    const reader = openReader({ ...kafkaOptions(brokers), groupId, topic })
    const isIn = Promise.withResolvers<void>()
    const done = reader.run({ ...idle, assigned: async () => (isIn.resolve(), 0) })
    await isIn.promise
    return { reader, done }
  }
  // A member comes and takes slots away, a second one comes, and both go: each time the slots are dealt anew.
  const second = await join()
  await sleep(500)
  const third = await join()
  await sleep(500)
  for (const { reader, done } of [second, third]) {
    await reader.close()
    await done
    await sleep(2500)
  }
  // All slots are back with the first member, and none of its batches has ended.
  expect(busy.size).toBe(PARTITIONS)
  expect({ restores, begun }).toEqual({ restores: PARTITIONS, begun: PARTITIONS })
  batchDone.resolve()
  await expect.poll(() => restores, { timeout: 5000 }).toBe(2 * PARTITIONS)
  await expect.poll(() => begun, { timeout: 5000 }).toBeGreaterThanOrEqual(2 * PARTITIONS)
  expect(overlaps).toEqual([])
  await first.close()
  await running
})

const idle: Stage = {
  assigned: async () => 0,
  batch: async (_slot, records) => (records.at(-1)?.offset ?? 0) + 1,
  released: () => undefined,
}

async function fill(topic: string): Promise<void> {
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  for (let n = 0; n < 10 * PARTITIONS; n++) writer.offer(outgoing(topic, n % PARTITIONS, String(n)))
  await writer.close(5000)
}
