import { expect, test } from 'vitest'
import { configOf, differences, replicasFor } from '../../../io/kafka/topic-config.ts'
import { catalogue } from '../../../schemas/topics.ts'

const { ticks, control, ticksDeadLetters } = catalogue(6)
const every = Object.values(catalogue(6))

test('bytes are kept per partition, in segments well below them that hold the largest message', () => {
  for (const spec of every.filter(({ cleanup }) => cleanup === 'delete')) {
    const config = configOf(spec, 1)
    const kept = Number(config['retention.bytes'])
    expect(kept * spec.partitions).toBeLessThanOrEqual(spec.retentionBytes)
    expect(Number(config['segment.bytes'])).toBeLessThanOrEqual(kept / 4)
    expect(Number(config['segment.bytes'])).toBeGreaterThan(spec.maxMessageBytes)
  }
})

test('the ticks are stamped by the broker, dead letters may be large, control documents are compacted', () => {
  expect(configOf(ticks, 1)).toMatchObject({ 'message.timestamp.type': 'LogAppendTime', 'retention.ms': '604800000' })
  expect(configOf(ticksDeadLetters, 1)).toMatchObject({ 'max.message.bytes': '20971520' })
  expect(configOf(control, 1)).toMatchObject({ 'cleanup.policy': 'compact' })
  expect(configOf(control, 1)).not.toHaveProperty('retention.bytes')
})

test('two of three copies acknowledge where there are three brokers', () => {
  expect([1, 2, 3, 5].map(replicasFor)).toEqual([1, 2, 3, 3])
  expect(configOf(ticks, 1)).not.toHaveProperty('min.insync.replicas')
  expect(configOf(ticks, 3)).toMatchObject({ 'min.insync.replicas': '2' })
})

test('differences name the setting, what is wanted and what was found', () => {
  const config = new Map(Object.entries(configOf(ticks, 1)))
  expect(differences(ticks, 1, { partitions: 6, replicas: 1, config })).toEqual([])
  config.set('retention.ms', '1')
  expect(differences(ticks, 1, { partitions: 3, replicas: 1, config })).toEqual([
    { topic: ticks.name, setting: 'partitions', wanted: '6', found: '3' },
    { topic: ticks.name, setting: 'retention.ms', wanted: '604800000', found: '1' },
  ])
})
