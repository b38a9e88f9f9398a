import { expect, test } from 'vitest'
import { findJava } from '../../../../dev/java.ts'
import { outage } from '../../../support/outage.ts'

const java = await findJava(process.env)
const QUEUE = 500

// 30 s and 5 min run by `npm run test:long`.
test.skipIf(java === undefined)(
  'C6: the broker is down for 10 s: the queue fills to its bound, what it took is stored in order, the rest was refused',
  async () => {
    const { accepted, stored, refused, greatestQueue, left, drainedMs, repeats, unknown } = await outage(10_000, QUEUE)
    process.stderr.write(`C6 10 s: drained in ${drainedMs.toFixed()} ms, repeats ${repeats}, unknown ${unknown}\n`)
    expect(left).toEqual({ unsent: 0, unknown: 0 })
    expect(stored).toEqual(accepted)
    expect(greatestQueue).toBe(QUEUE)
    expect(refused).toBeGreaterThan(0)
  },
)
