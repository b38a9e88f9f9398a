import { describe, expect, test } from 'vitest'
import type { Processor } from '../../../core/processor.ts'
import { MICROS_PER_MINUTE, micros } from '../../../core/time.ts'
import { warmUp, type WarmUpDeps } from '../../../io/processor/warm-up.ts'
import { memoryLog, type MemoryLog } from './memory-log.ts'

const INPUT = { topic: 'words', partition: 0 }
const MINUTE_MS = 60_000

/** Keeps every word of the last ten minutes; `set …` is its configuration. */
const WORDS: Processor<string[], string, never> = {
  name: 'words',
  codeVersion: 1,
  input: INPUT.topic,
  outputs: [],
  horizon: 10 * MICROS_PER_MINUTE,
  initial: () => [],
  step(state, { value }) {
    state.push(value)
  },
}

/** A word a minute from minute 0 on; `undefined`: one that cannot be read. */
function logOf(words: readonly (string | undefined)[]): MemoryLog {
  const log = memoryLog()
  log.append(
    words.map((word, minute) => ({
      ...INPUT,
      key: Buffer.from('k'),
      value: word === undefined ? null : Buffer.from(word),
      timestampMs: minute * MINUTE_MS,
    })),
  )
  return log
}

const deps = (log: MemoryLog, more: Partial<WarmUpDeps<string[], string>> = {}): WarmUpDeps<string[], string> => ({
  processor: WORDS,
  ranges: log,
  read: async (slot, records) =>
    records.map(({ offset, timestampMs, value }) =>
      value === null ? { fault: 'no word' } : { partition: slot.partition, offset, timestampMs, value: String(value) },
    ),
  timeOf: ({ timestampMs }) => micros(timestampMs * 1000),
  ...more,
})
const configures = ({ value }: { readonly value: string }): boolean => value.startsWith('set ')
const minutes = (count: number, configuredAt: number): readonly string[] =>
  Array.from({ length: count }, (_, minute) => (minute === configuredAt ? 'set it' : `word ${minute}`))

describe('a warm-up', () => {
  test('begins at a record that is a horizon before the last one, where no configuration is needed', async () => {
    // The last record is of minute 99, so T there less ten minutes is minute 89; the stamp of the first one is at most that.
    const { from, state } = await warmUp(deps(logOf(minutes(100, 3))), INPUT, 100)
    expect(from).toBe(88)
    expect(state).toHaveLength(12)
  })

  test('goes as far back beyond the horizon as the configuration in force was written', async () => {
    const { from, state, configured } = await warmUp(deps(logOf(minutes(100, 50)), { configures }), INPUT, 100)
    expect([configured, state.includes('set it')]).toEqual([true, true])
    expect(from).toBeGreaterThan(0)
  })

  test('does not take a configuration for it that came within the horizon only', async () => {
    // Minute 95 is within: what the records before it depended on was not in force yet.
    const words = minutes(100, 95).map((word, minute) => (minute === 40 ? 'set before' : word))
    const { state } = await warmUp(deps(logOf(words), { configures }), INPUT, 100)
    expect(state).toContain('set before')
  })

  test('ends at the first record where no configuration ever was, and says so of a log that is whole', async () => {
    const { from, configured, reaches } = await warmUp(deps(logOf(minutes(100, -1)), { configures }), INPUT, 100)
    expect([from, configured, reaches]).toEqual([0, true, true])
  })

  test('reaches as far back as what it finds configured asks for', async () => {
    const words = minutes(100, -1).map((word, minute) => (minute === 92 ? 'wide' : word))
    const horizonAt = (state: readonly string[]): number => (state.includes('wide') ? 50 : 10) * MINUTE_MS * 1000
    const { from, horizon, reaches } = await warmUp(
      deps(logOf(words), { processor: { ...WORDS, horizonAt } }),
      INPUT,
      100,
    )
    // 99 less 50 is 49, and the stamp of the first record is at most that.
    expect([from, horizon, reaches]).toEqual([48, 50 * MINUTE_MS * 1000, true])
  })

  test('passes over what cannot be read', async () => {
    const words = minutes(100, 30).map((word, minute) => (minute % 2 === 0 && minute !== 30 ? undefined : word))
    const { state } = await warmUp(deps(logOf(words), { configures }), INPUT, 100)
    expect(state).toContain('set it')
    expect(state.at(-1)).toBe('word 99')
  })
})
