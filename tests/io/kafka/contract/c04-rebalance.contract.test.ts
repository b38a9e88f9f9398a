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
