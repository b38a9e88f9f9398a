import { setTimeout as sleep } from 'node:timers/promises'
import { uniqueName } from './kafka.ts'
import { launchToy } from './toy-launch.ts'
import type { ToySettings } from './toy-process.ts'
import { randomOf, type Verdict, type World } from './toy-world.ts'

/** Where a process ends itself, and with what probability each time it comes by. */
export const FAILPOINTS = {
  'task.in_scan': 0.3,
  'task.restored': 0.3,
  'task.in_replay': 0.6,
  'task.after_step': 0.05,
  'task.sent': 0.03,
  'task.acknowledged': 0.3,
  'snapshot.between_chunks': 0.3,
  'task.snapshot_written': 0.3,
} as const
/** By turns; `undefined`: at any moment. */
const PLACES = [
  'task.in_scan',
  'task.restored',
  undefined,
  'task.after_step',
  undefined,
  'task.sent',
  'task.in_replay',
  'task.acknowledged',
  undefined,
  'snapshot.between_chunks',
  undefined,
  'task.snapshot_written',
] as const
/** Outputs are seldom acknowledged when they are sent, snapshots are due all the time. */
const OFTEN = { outputDelayMs: 4, sliceRecords: 7, snapshotEveryRecords: 30 }

export type Killed = {
  readonly kills: number
  readonly byFailpoint: ReadonlyMap<string, number>
  readonly verdict: Verdict
}

/** A process that is not gone by its failpoint after this long is killed from outside. */
const LONGEST_MS = 4000

/**
 * Lets process after process begin on a log that grows, and kills each with -9: at its failpoint, or at any moment; then one
 * that lives. Each has a group of its own, so that nobody waits for a dead member: who holds a slot is no part of the protocol.
 */
export async function killAgainAndAgain(
  world: World,
  {
    brokers,
    kills,
    seed,
    ...more
  }: { readonly kills: number; readonly seed: number } & Omit<ToySettings, 'group' | 'topics'>,
): Promise<Killed> {
  const random = randomOf(seed)
  const byFailpoint = new Map<string, number>()
  const launch = (kill: number) => {
    const name = PLACES[kill % PLACES.length]
    const odds = name === undefined ? '' : `${name}=${FAILPOINTS[name]}`
    const own = { brokers, topics: world.topics, group: uniqueName('toy'), failpoints: odds, isOnCall: true }
    // Never saves, so that the next one has something to replay.
    const seldom = name === 'task.sent' ? { snapshotEveryRecords: 1_000_000 } : {}
    return { name, toy: launchToy({ ...OFTEN, ...more, ...own, ...seldom }) }
  }
  let next = launch(0)
  for (let kill = 0; kill < kills; kill++) {
    const { name, toy } = next
    toy.go()
    next = launch(kill + 1)
    const fed = world.feed(20)
    await toy.told((lines) => lines.some(({ kind }) => kind === 'started'))
    await Promise.race([toy.exited, sleep(name === undefined ? random() * 400 : LONGEST_MS)])
    if (toy.isGone() && name !== undefined) byFailpoint.set(name, (byFailpoint.get(name) ?? 0) + 1)
    await toy.kill()
    await fed
  }
  await next.toy.kill()
  return { kills, byFailpoint, verdict: await finish(world, { ...more, brokers }) }
}

/** Runs one that nobody kills until nothing is missing; it stops in order. */
export async function finish(
  world: World,
  settings: Omit<ToySettings, 'group' | 'topics'> & { readonly topics?: World['topics'] },
): Promise<Verdict> {
  const topics = settings.topics ?? world.topics
  const toy = launchToy({ ...settings, topics, group: uniqueName('toy'), outputDelayMs: 0, isHasty: false })
  const verdict = await completed(world, topics)
  toy.signal('SIGTERM')
  await toy.exited
  return verdict
}

/** The verdict once nothing is missing, or after a while. */
export async function completed(world: World, topics = world.topics, deadlineMs = 40_000): Promise<Verdict> {
  for (const until = performance.now() + deadlineMs; ; await sleep(100)) {
    const verdict = await world.judge({ topics })
    if (verdict.isComplete || performance.now() > until) return verdict
  }
}
