import { expect, test } from 'vitest'
import { findJava } from '../../../../dev/java.ts'
import { outage } from '../../../support/outage.ts'

const java = await findJava(process.env)
const QUEUE = 1000

test.skipIf(java === undefined).each([
  ['30 s', 30_000],
  ['5 min', 300_000],
])(
  'C6: the broker is down for %s: sends are rejected inside, nothing accepted is lost, the writer says it is blocked',
  { timeout: 420_000 },
  async (_duration, downMs) => {
    const { accepted, stored, refused, greatestQueue, left, drainedMs, repeats, unknown, unhealthy } = await outage(
      downMs,
      QUEUE,
    )
    process.stderr.write(
      `C6 ${downMs / 1000} s: drained in ${drainedMs.toFixed()} ms, repeats ${repeats}, unknown ${unknown}, refused ${refused}\n`,
    )
    expect(left).toEqual({ unsent: 0, unknown: 0 })
    expect(stored).toEqual(accepted)
    expect(greatestQueue).toBe(QUEUE)
    expect(refused).toBeGreaterThan(0)
    expect(unknown).toBeGreaterThan(0)
    expect(unhealthy).toContainEqual(expect.stringMatching(/no send was acknowledged/))
  },
)
