import { expect, inject, test } from 'vitest'
import { FAILPOINTS, killAgainAndAgain } from '../support/toy-kills.ts'
import { toyWorld } from '../support/toy-world.ts'

const { brokers } = inject('stack')
const SEED = Math.floor(Math.random() * 1e9)

test('200 kills of processors leave each output on the log once in effect', { timeout: 1_800_000 }, async () => {
  const lanes = await Promise.all(
    [SEED, SEED + 1].map(async (seed) => {
      const world = await toyWorld(brokers, seed)
      await world.feed(300)
      const killed = await killAgainAndAgain(world, { brokers, kills: 100, seed })
      await world.close()
      return killed
    }),
  )
  for (const { kills, byFailpoint, verdict } of lanes)
    console.info(
      `seed ${SEED}: ${kills} kills (${[...byFailpoint].map(([name, times]) => `${name} ${times}`).join(', ')}), ${verdict.outputs} outputs, ${verdict.repeats} repeats seen and dropped`,
    )
  for (const { verdict } of lanes) expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true })
  const met = new Set(lanes.flatMap(({ byFailpoint }) => [...byFailpoint.keys()]))
  expect([...met].toSorted()).toEqual(Object.keys(FAILPOINTS).toSorted())
})
