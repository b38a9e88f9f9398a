import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { toolJars } from '../../bench/producer-performance.ts'
import { ensureJars } from '../../dev/jars.ts'
import { findJava, findMaven, javaEnvironment, requireJava } from '../../dev/java.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions } from '../support/kafka.ts'

const { brokers } = inject('stack')
const run = promisify(execFile)
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const COUNT = 200
const variables = process.env
const isThere = (await findJava(variables)) !== undefined && (await findMaven(variables)) !== undefined
if (!isThere) {
  if (variables['CI']) throw new Error('the interoperability tests need Java and mvn')
  process.stderr.write("interoperability with Kafka's Java tools skipped: no Java or no mvn\n")
}

/** Text, because the console tools read and write lines; long enough to be worth compressing. */
const lineOf = (codec: string, n: number): string => `${codec}-${n}\t${`value ${n} of ${codec} `.repeat(10)}é`
const lines = (codec: string) => Array.from({ length: COUNT }, (_, n) => lineOf(codec, n))

describe.skipIf(!isThere)("C17: Kafka's own Java tools", () => {
  let java = ''
  let classPath = ''
  beforeAll(async () => {
    const found = await requireJava(variables)
    java = found.java
    const { kafka } = await ensureJars({ variables, java: found })
    classPath = [...(await toolJars(variables, java)), ...kafka].join(':')
  })

  async function tool(name: string, args: readonly string[], input = ''): Promise<string> {
    const all = ['-Xmx128m', '-Dfile.encoding=UTF-8', '-cp', classPath, `org.apache.kafka.tools.${name}`]
    const options = ['--bootstrap-server', brokers.join(','), ...args]
    const asked = run(java, [...all, ...options], { env: javaEnvironment(variables), timeout: 50_000 })
    asked.child.stdin?.end(input)
    return (await asked).stdout
  }

  test('the console consumer reads what we write with every codec', async () => {
    const topic = await freshTopic(brokers, { partitions: CODECS.length })
    for (const [partition, compression] of CODECS.entries()) {
      const writer = await openWriter({ ...PROCESSOR_WRITER, compression, ...kafkaOptions(brokers) })
      await writer.append(
        lines(compression).map((line) => {
          const [key = '', value = ''] = line.split('\t')
          return { topic, partition, key: Buffer.from(key), value: Buffer.from(value), timestampMs: 1_790_000_000_000 }
        }),
      )
      await writer.close(1000)
    }
    const total = String(CODECS.length * COUNT)
    const which = ['--topic', topic, '--from-beginning', '--max-messages', total, '--timeout-ms', '20000']
    const shown = ['--formatter-property', 'print.key=true', '--formatter-property', 'print.timestamp=true']
    const read = await tool('consumer.ConsoleConsumer', [...which, ...shown])
    const found = read.trimEnd().split('\n')
    for (const codec of CODECS)
      expect(found.filter((line) => line.includes(`\t${codec}-`))).toEqual(
        lines(codec).map((line) => `CreateTime:1790000000000\t${line}`),
      )
    expect(found).toHaveLength(CODECS.length * COUNT)
  })

  // Without a codec there is nothing to unpack, and every one costs a JVM.
  test.each(CODECS.slice(1))('we read what the console producer writes with %s', async (codec) => {
    const topic = await freshTopic(brokers)
    await tool(
      'ConsoleProducer',
      ['--topic', topic, '--compression-codec', codec, '--reader-property', 'parse.key=true'],
      `${lines(codec).join('\n')}\n`,
    )
    const ranges = await openRanges(kafkaOptions(brokers))
    const records = await allOf(ranges, { topic, partition: 0 })
    await ranges.close()
    expect(records.map(({ key, value }) => `${String(key)}\t${String(value)}`)).toEqual(lines(codec))
  })
})
