import { expect, inject, test } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { uniqueName } from '../support/kafka.ts'
import { FAILPOINTS, finish, killAgainAndAgain } from '../support/toy-kills.ts'
import { launchToy } from '../support/toy-launch.ts'
import { toyWorld, type Verdict } from '../support/toy-world.ts'

const { brokers } = inject('stack')
const SEED = Math.floor(Math.random() * 1e9)

test(
  'whatever kills a processor, and wherever, each output is on the log once in effect, with the bytes of an undisturbed run',
  { timeout: 180_000 },
  async () => {
    const lanes = await Promise.all(
      [SEED, SEED + 1].map(async (seed) => {
        const world = await toyWorld(brokers, seed)
        await world.feed(300)
        const killed = await killAgainAndAgain(world, { brokers, kills: 24, seed })
        await world.close()
        return killed
      }),
    )
    for (const { kills, byFailpoint, verdict } of lanes)
      console.info(
        `seed ${SEED}: ${kills} kills (${[...byFailpoint].map(([name, times]) => `${name} ${times}`).join(', ')}), ${verdict.outputs} outputs, ${verdict.repeats} repeats seen and dropped`,
      )

    for (const { verdict } of lanes) expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true })
    // The run was one that could have failed: each place was met.
    const met = new Set(lanes.flatMap(({ byFailpoint }) => [...byFailpoint.keys()]))
    expect([...met].toSorted()).toEqual(Object.keys(FAILPOINTS).toSorted())
  },
)

test(
  'a broken twin that saves a snapshot before its outputs are acknowledged is found out',
  { timeout: 180_000 },
  async () => {
    const world = await toyWorld(brokers, SEED)
    await world.feed(300)
    // Killed as soon as a snapshot is written, while what it speaks of is still on its way.
    let verdict: Verdict | undefined
    for (let attempt = 0; attempt < 5 && verdict?.isEqual !== false; attempt++) {
      const settings = { brokers, topics: world.topics, group: uniqueName('hasty'), isHasty: true, outputDelayMs: 200 }
      const toy = launchToy({ ...settings, failpoints: 'task.snapshot_written=0.3' })
      await Promise.race([toy.exited, sleep(10_000)])
      await toy.kill()
      await world.feed(20)
      verdict = await finish(world, { brokers })
    }
    await world.close()
    // All that should be there has been made, and yet something before it is missing.
    expect(verdict).toMatchObject({ isComplete: true, isEqual: false })
  },
)
