import { describe, expect, test } from 'vitest'
import { openLab, type LabJob } from '../../io/rule-lab.ts'
import { rule } from '../core/rules/engine/rig.ts'

/** A program of a thread: what it does with its order. */
const program = (text: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'\nparentPort.once('message', (order) => { ${text} })`)}`,
  )
const ANSWERS = program(
  "parentPort.postMessage({ kind: 'unreadable', problem: order.job.rule.id + ' ' + order.settings.topic })",
)
const WAITS = program('setInterval(() => undefined, 1000)')
const SETTINGS = { brokers: [], registry: '', topic: 'ticks', partitions: 1 }
const job: LabJob = { rule: rule({ id: 'r', when: 'price > 1' }), others: [], key: undefined, on: { kind: 'tests' } }

describe('a rule that is tried in a thread', () => {
  test('gets its order, and its answer comes back', async () => {
    const lab = openLab(ANSWERS, SETTINGS)
    expect(await lab.run('one', job, [])).toEqual({
      kind: 'done',
      answer: { kind: 'unreadable', problem: 'r ticks' },
    })
    // Whoever is done may try again.
    expect((await lab.run('one', job, [])).kind).toBe('done')
  })

  test('is the only one of whom it is, and one of two', async () => {
    const lab = openLab(WAITS, SETTINGS)
    const [first, second] = [lab.run('one', job, []), lab.run('two', job, [])]
    expect(await lab.run('one', job, [])).toEqual({ kind: 'busy' })
    expect(await lab.run('three', job, [])).toEqual({ kind: 'busy' })
    await lab.stop()
    expect([(await first).kind, (await second).kind]).toEqual(['failed', 'failed'])
  })

  test('fails alone', async () => {
    const lab = openLab(program("throw new Error('no')"), SETTINGS)
    const failed = await lab.run('one', job, [])
    expect(failed).toMatchObject({ kind: 'failed', error: { message: 'no' } })
  })

  test('that takes too much memory fails alone', { timeout: 60_000 }, async () => {
    const lab = openLab(program('const all = []; for (;;) all.push(new Array(1e5).fill(0.5 + all.length))'), SETTINGS)
    expect((await lab.run('one', job, [])).kind).toBe('failed')
  })
})
