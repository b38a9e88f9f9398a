import { setTimeout as sleep } from 'node:timers/promises'
import { micros } from '../../core/time.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openReader } from '../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { createLog } from '../../io/log.ts'
import { createRunner } from '../../io/processor/runner.ts'
import { openSnapshotStore } from '../../io/processor/snapshot-store.ts'
import { j3 } from './j3.ts'
import { matchBytes, originOf, readQuote } from './wire.ts'

// J3 on our runner, as a process of its own: node bench/streams/ours.ts BROKERS INPUT OUTPUT SNAPSHOTS PARTITIONS
const [brokerList = '', input = '', output = '', snapshots = '', partitions = '6'] = process.argv.slice(2)
const log = createLog('bench', 'warn')
const kafka = { brokers: brokerList.split(','), clientId: 'bench-ours', log }
const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafka })
const ranges = await openRanges(kafka)
const append = writer.append.bind(writer)
const reader = openReader({ ...kafka, groupId: `bench.${output}`, topic: input })
const runner = createRunner({
  processor: j3(input, output),
  ranges,
  append,
  snapshots: openSnapshotStore({ topic: snapshots, ranges, append, nowMs: Date.now }),
  read: async ({ partition }, records) =>
    records.map(({ offset, timestampMs, value }) =>
      value === null ? { fault: 'no value' } : { partition, offset, timestampMs, value: readQuote(value) },
    ),
  timeOf: ({ timestampMs }) => micros(timestampMs * 1000),
  encode: ({ value, origin }) => matchBytes(value, origin),
  origins: async (_, records) => records.map(({ value }) => (value === null ? undefined : originOf(value))),
  partitions: () => Number(partitions),
  failpoint: () => undefined,
  tally: new Map(),
  letters: { put: () => Promise.resolve() },
  hint: (slot, next) => reader.hint(slot, next),
  observer: { restored: () => undefined, stepped: () => undefined, saved: () => undefined, stopped: () => undefined },
  log,
  nowMs: () => performance.now(),
})
const running = reader.run(runner)

process.on('SIGTERM', () => {
  void (async () => {
    await runner.stop()
    await reader.close()
    await writer.close(2000)
    await ranges.close()
    process.exit(0)
  })()
})
await running
await sleep(100)
