import { describe, expect, test } from 'vitest'
import { schemaLearner } from '../../consumers/unknown-schema.ts'

/** A registry on script, and a clock that only waiting moves. */
function rig(answers: (nowMs: number) => 'known' | 'unknown' | 'away') {
  let nowMs = 0
  let asked = 0
  const learner = schemaLearner({
    decoder: {
      learn() {
        asked += 1
        const answer = answers(nowMs)
        return answer === 'away' ? Promise.reject(new Error('no answer')) : Promise.resolve(answer === 'known')
      },
    },
    wait(ms) {
      nowMs += ms
      return Promise.resolve()
    },
    nowMs: () => nowMs,
    warn: () => undefined,
  })
  return { learner, now: () => nowMs, asked: () => asked, pass: (ms: number) => (nowMs += ms) }
}
const alive = () => Promise.resolve(true)

describe('an unknown schema', () => {
  test('is waited for until the registry knows it', async () => {
    const { learner, now } = rig((nowMs) => (nowMs >= 30_000 ? 'known' : 'unknown'))
    expect(await learner.resolve(7, alive)).toBe('known')
    expect(now()).toBeGreaterThanOrEqual(30_000)
    expect(now()).toBeLessThan(35_000)
  })

  test('is given up after 60 s, and at once from then on', async () => {
    const { learner, now, asked } = rig(() => 'unknown')
    expect(await learner.resolve(7, alive)).toBe('unknown')
    expect(now()).toBeGreaterThanOrEqual(60_000)
    const before = { time: now(), asked: asked() }
    expect(await learner.resolve(7, alive)).toBe('unknown')
    expect({ time: now(), asked: asked() }).toEqual(before)
  })

  test('is waited for once, whatever the number of slots that meet it', async () => {
    const { learner, now } = rig(() => 'unknown')
    const answers = await Promise.all([1, 2, 3, 4].map(() => learner.resolve(7, alive)))
    expect(new Set(answers)).toEqual(new Set(['unknown']))
    expect(now()).toBeLessThan(75_000)
  })

  test('is asked for in the background each 60 s after it was given up', async () => {
    let isThere = false
    const { learner, pass, asked } = rig(() => (isThere ? 'known' : 'unknown'))
    await learner.resolve(7, alive)
    isThere = true
    pass(60_000)
    const before = asked()
    expect(await learner.resolve(7, alive)).toBe('unknown')
    expect(asked()).toBe(before + 1)
    await Promise.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await learner.resolve(7, alive)).toBe('known')
  })

  test('is waited for without end while the registry does not answer', async () => {
    const { learner, now } = rig((nowMs) => (nowMs > 3_600_000 ? 'known' : 'away'))
    expect(await learner.resolve(7, alive)).toBe('known')
    expect(now()).toBeGreaterThan(3_600_000)
  })

  test('costs one request, whatever the number of slots', async () => {
    const { learner, asked } = rig(() => 'known')
    expect(await Promise.all([1, 2, 3, 4].map(() => learner.resolve(7, alive)))).toEqual([
      'known',
      'known',
      'known',
      'known',
    ])
    expect(asked()).toBe(1)
  })

  test('is not waited for by a slot that is lost, and shows while it is waited for', async () => {
    const { learner } = rig(() => 'unknown')
    const waiting = learner.resolve(7, () => Promise.resolve(false))
    expect(learner.waiting()).toEqual([7])
    expect(await waiting).toBe('gone')
    expect(learner.waiting()).toEqual([])
  })
})
