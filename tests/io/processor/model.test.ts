import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { runHistory, type Twin } from './model.ts'

/** mulberry32: a small generator whose whole state is its seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed)
async function all(twin: Twin): Promise<{ wrong: number; repeats: number; processes: number }> {
  let [wrong, repeats, processes] = [0, 0, 0]
  for (const seed of SEEDS) {
    const outcome = await runHistory(randomOf(seed), twin).catch(() => ({ equal: false, repeats: 0, processes: 0 }))
    wrong += outcome.equal ? 0 : 1
    repeats += outcome.repeats
    processes += outcome.processes
  }
  return { wrong, repeats, processes }
}

describe('the resume protocol of processors', { timeout: 60_000 }, () => {
  let undisturbed: { readonly wrong: number; readonly repeats: number; readonly processes: number }
  beforeAll(async () => {
    undisturbed = await all('none')
  }, 60_000)

  test('gives the outputs of an undisturbed run once repeats are dropped, whatever kills, pauses and delays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        expect(await runHistory(randomOf(seed), 'none')).toMatchObject({ equal: true })
      }),
      { numRuns: 100 },
    )
  })

  test('meets many processes and repeats in these histories', () => {
    const { processes, repeats, wrong } = undisturbed
    expect(wrong).toBe(0)
    expect(processes / SEEDS.length).toBeGreaterThan(5)
    expect(repeats / SEEDS.length).toBeGreaterThan(5)
  })

  test.each(['snapshot before acknowledgement', 'two batches in flight', 'failed batch skipped'] as const)(
    'the broken twin with %s is found out',
    async (twin) => {
      expect((await all(twin)).wrong).toBeGreaterThan(SEEDS.length / 4)
    },
  )

  test('without the scan it is right as well, but the topics hold many more repeats', async () => {
    const { wrong, repeats } = await all('no scan')
    expect(wrong).toBe(0)
    expect(repeats).toBeGreaterThan(3 * undisturbed.repeats)
  })
})
