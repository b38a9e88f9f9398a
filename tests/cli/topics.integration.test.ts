import { describe, expect, inject, test } from 'vitest'
import { runTopics, type TopicsVerb } from '../../cli/topics.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import type { TopicSpec } from '../../schemas/topics.ts'
import { kafkaOptions, topicSpec } from '../support/kafka.ts'

const { brokers, registry } = inject('stack')

async function ask(verb: TopicsVerb, specs: readonly TopicSpec[], json = true) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  const code = await runTopics({ kafka: kafkaOptions(brokers), registry, specs, print }, verb, json)
  return { code, lines, found: () => lines.map((line) => JSON.parse(line)) }
}

const setRule = async (topic: string, compatibility: string): Promise<void> => {
  const answer = await fetch(`${registry}/config/${topic}-value`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility }),
  })
  expect(answer.status).toBe(200)
}

describe('crosstide topics', () => {
  test('verify names what is missing and exits 1; apply makes it; then nothing differs', async () => {
    const specs = [topicSpec({ schema: 'SystemEvent', partitions: 3 }), topicSpec()]
    const names = specs.map(({ name }) => name)
    const before = await ask('verify', specs)
    expect(before.code).toBe(1)
    expect(before.found()).toEqual([
      ...names.map((topic) => ({ topic, setting: 'topic', wanted: 'present', found: 'missing' })),
      { topic: names[0], setting: 'compatibility', wanted: 'BACKWARD_TRANSITIVE', found: '(not said)' },
      { topic: names[0], setting: 'schema', wanted: 'SystemEvent', found: 'no schema' },
    ])
    expect(await ask('apply', specs)).toMatchObject({ code: 0, lines: [] })
    expect(await ask('verify', specs)).toMatchObject({ code: 0, lines: [] })
    expect(await ask('apply', specs)).toMatchObject({ code: 0, lines: [] })
  })

  test.each<[string, Partial<TopicSpec>]>([
    ['partitions', { partitions: 2 }],
    ['retention.ms', { retentionMs: 7_200_000 }],
    ['cleanup.policy', { cleanup: 'compact' }],
  ])('verify sees a difference in %s, and apply does not alter it', async (setting, change) => {
    const spec = topicSpec()
    await ask('apply', [spec])
    const [verified, applied] = [
      await ask('verify', [{ ...spec, ...change }]),
      await ask('apply', [{ ...spec, ...change }]),
    ]
    expect(verified.code).toBe(1)
    expect(verified.found().map((one) => one.setting)).toContain(setting)
    expect(applied).toMatchObject({ code: 1, lines: verified.lines })
    expect(await ask('verify', [spec])).toMatchObject({ code: 0 })
  })

  test('verify sees a weaker compatibility rule', async () => {
    const spec = topicSpec({ schema: 'SystemEvent' })
    await ask('apply', [spec])
    await setRule(spec.name, 'NONE')
    const { code, found } = await ask('verify', [spec])
    expect(code).toBe(1)
    expect(found()).toEqual([
      { topic: spec.name, setting: 'compatibility', wanted: 'BACKWARD_TRANSITIVE', found: 'NONE' },
    ])
  })

  test('verify changes nothing', async () => {
    const spec = topicSpec()
    await ask('verify', [spec])
    const open = await openTopics(kafkaOptions(brokers))
    const found = await open.describe([spec.name]).finally(() => open.close())
    expect(found.size).toBe(0)
  })

  test('describe shows what is there, for people and for programs', async () => {
    const specs = [topicSpec({ schema: 'SystemEvent', partitions: 3 }), topicSpec()]
    await ask('apply', specs.slice(0, 1))
    const { code, found } = await ask('describe', specs)
    expect(code).toBe(0)
    expect(found()).toMatchObject([
      { exists: true, partitions: 3, cleanup: 'delete', versions: [1], compatibility: 'BACKWARD_TRANSITIVE' },
      { exists: false },
    ])
    const { lines } = await ask('describe', specs, false)
    expect(lines.join('\n')).toContain('missing')
    expect(lines.join('\n')).toContain('SystemEvent (1)')
  })
})
