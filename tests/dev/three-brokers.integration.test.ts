import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findJava } from '../../dev/java.ts'
import type { Part } from '../../dev/parts.ts'
import { startStack, type Stack, type StackOptions } from '../../dev/stack.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { allOf, kafkaOptions, outgoing, textOf, topicSpec } from '../support/kafka.ts'

const java = await findJava(process.env)
const spec = topicSpec({ partitions: 3 })
const exits: Part[] = []

let folder = ''
let options: StackOptions
let stack: Stack

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-three-'))
  const { registry, database } = inject('stack')
  options = {
    dataDir: folder,
    ports: { postgres: 0, kafka: 0, registry: 0 },
    brokers: 3,
    external: { registry, database },
    variables: process.env,
    onExit: (part) => {
      exits.push(part)
      void stack.restart(part)
    },
  }
})
afterAll(async () => {
  await stack?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe.skipIf(java === undefined)('a stack of three brokers', () => {
  test('has three copies of a topic from the first one on, two of which must be there', async () => {
    stack = await startStack(options)
    expect(stack.brokers).toHaveLength(3)
    expect(Object.keys(stack.pids()).toSorted()).toEqual(['kafka-1', 'kafka-2', 'kafka-3'])
    const topics = await openTopics(kafkaOptions(stack.brokers))
    expect(await topics.ensure([spec])).toEqual([])
    const made = (await topics.describe([spec.name])).get(spec.name)
    await topics.close()
    expect([made?.replicas, made?.config.get('min.insync.replicas')]).toEqual([3, '2'])
  })

  test('goes on while a killed broker is away; whoever is told starts it again', async () => {
    const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(stack.brokers) })
    const write = (text: string) => writer.append([0, 1, 2].map((partition) => outgoing(spec.name, partition, text)))
    await write('before')
    const killed = stack.pids()['kafka-2'] ?? 0
    process.kill(killed, 'SIGKILL')
    await expect.poll(() => exits, { timeout: 10_000 }).toEqual(['kafka-2'])
    await write('without it')
    await expect.poll(() => stack.pids()['kafka-2'] ?? killed, { timeout: 40_000 }).not.toBe(killed)
    await write('with it again')
    await writer.close(5000)
    const ranges = await openRanges(kafkaOptions(stack.brokers))
    for (const partition of [0, 1, 2]) {
      const log = (await allOf(ranges, { topic: spec.name, partition })).map(textOf)
      expect([...new Set(log)]).toEqual(['before', 'without it', 'with it again'])
    }
    await ranges.close()
  })

  test('stops, and its data directory is refused to one broker before anything is started', async () => {
    await stack.stop()
    const { brokers: _three, ...one } = options
    const progress: Part[] = []
    const starting = startStack({ ...one, onProgress: ({ part }) => progress.push(part) })
    await expect(starting).rejects.toMatchObject({
      code: 'WRONG_USE',
      message: expect.stringContaining('with --brokers 3'),
    })
    expect(progress).toEqual([])
  })
})
