import { expect, test } from 'vitest'
import { openBar } from '../../cli/replay-bar.ts'
import { EXIT_NOT_COMPARABLE, verifyPartitions } from '../../cli/replay.ts'
import { parseWhere } from '../../cli/replay-range.ts'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { MARKET_TOPICS, memoryLog, writtenLog } from '../support/replay-log.ts'

const LOG = logOf(seededStory(7, { hours: 1, quietMillis: 600_000, beatMillis: 300_000, busy: 20 }))

/** The exit code of `replay verify` over these ends, and what it said. */
async function verified(
  from: string,
  to: string,
): Promise<{ readonly code: number; readonly said: readonly string[] }> {
  const said: string[] = []
  const nowMs = (LOG.at(-1)?.timestampMs ?? 0) + 1000
  const code = await verifyPartitions(
    {
      log: memoryLog(writtenLog(LOG).slots),
      topics: MARKET_TOPICS,
      inverses: new Set(),
      partitions: [0],
      ends: { from: parseWhere('--from', from, nowMs), to: parseWhere('--to', to, nowMs) },
      bar: openBar({ write: () => undefined }, () => 0),
      print: (line) => void said.push(line),
    },
    false,
  )
  return { code, said }
}

test('a range without a record is not equal: nothing was compared', async () => {
  expect((await verified('start', 'end')).code).toBe(0)
  for (const [from, to] of [
    ['end', 'end'],
    // The older end was meant to be the first one.
    ['10m', '20m'],
  ] as const) {
    const { code, said } = await verified(from, to)
    expect([code, said.at(-1)]).toEqual([EXIT_NOT_COMPARABLE, expect.stringContaining('nothing was compared')])
  }
})
