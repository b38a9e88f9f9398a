import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { startReplayRig, type ReplayRig } from '../support/replay-rig.ts'

const { registry, database } = inject('stack')
const LOGS = [3, 4].map((seed, partition) =>
  logOf(seededStory(seed, { hours: 8, quietMillis: 30 * 60_000, beatMillis: 300_000, busy: 80 }), { partition }),
)

let rig: ReplayRig
beforeAll(async () => {
  // Before anything is acknowledged, with outputs on the log, in the scan for them, with a snapshot of one partition.
  const kills = ['task.sent=1', 'task.acknowledged=1', 'task.in_scan=1', 'task.snapshot_written=1']
  rig = await startReplayRig({ registry, database }, LOGS, kills)
}, 300_000)
afterAll(() => rig.remove())

test('what the market processor wrote while it was killed again and again is what the log says', async () => {
  const { code, lines, errors } = await rig.command(['replay', 'verify', '--processor', 'market', '--json'])
  expect(rig.kills).toBeGreaterThanOrEqual(3)
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(lines.map((line) => JSON.parse(line)).map(({ result, records }) => [result, records])).toEqual(
    LOGS.map((log) => ['equal', log.length]),
  )
})
