import { settledWithin, pause } from './backoff.ts'
import { openCluster, type Cluster } from './client.ts'
import { faultNames, isTransient } from './faults.ts'
import { fetchOnce, leaderOf, skipEmptied, type Fetched, type FetchSize } from './fetching.ts'
import { outOfRange, patiently } from './patience.ts'
import type { Delivery, KafkaOptions, Position } from './port.ts'

/** While data flows a broker is asked this often at most: a fetch per appended batch would cost more than the records. */
const FETCH_SPACING_MS = 5
const RETRY_MS = 100
/** A slot asked for alone has records; if it has none, others of its broker wait no longer than this. */
const ALONE: FetchSize = { minBytes: 1, maxWaitMs: 100 }

/**
 * Reads slots as they grow until the signal ends it. On a connection of its own, because a broker answers the requests of one
 * connection in turn and this one mostly waits.
 */
export async function* follow(
  options: KafkaOptions,
  size: FetchSize,
  positions: readonly Position[],
  signal: AbortSignal,
): AsyncGenerator<Delivery> {
  const open = openCluster(options)
  const sever = (): void => open.sever()
  signal.addEventListener('abort', sever, { once: true })
  const trails = positions.map((position): Trail => ({
    position,
    emptied: skipEmptied(),
    leader: undefined,
    isLeftOut: false,
  }))
  const rounds = new Map<number, Promise<Round>>()
  const startedAt = new Map<number, number>()
  try {
    while (!signal.aborted && trails.length > 0) {
      for (const [leader, free] of await freeByLeader(open.cluster, trails, signal)) {
        if (rounds.has(leader)) continue
        const waitMs = (startedAt.get(leader) ?? -Infinity) + FETCH_SPACING_MS - performance.now()
        startedAt.set(leader, performance.now() + Math.max(0, waitMs))
        const leftOut = free.find(({ isLeftOut }) => isLeftOut)
        const round =
          leftOut === undefined
            ? fetchRound(open.cluster, leader, free, size, waitMs, signal)
            : fetchRound(open.cluster, leader, [leftOut], ALONE, waitMs, signal)
        // Looked at when it is its turn; until then a failure must not count as unhandled.
        round.catch(() => undefined)
        rounds.set(leader, round)
      }
      const { leader, trails: done, fetched } = await Promise.race(rounds.values())
      rounds.delete(leader)
      for (const trail of done) trail.leader = undefined
      for (const { trail, records, ...one } of fetched) {
        trail.position = { ...trail.position, next: trail.emptied(one) }
        // Cleared by any answer to it alone, so that a slot with nothing at its offset takes turns with the others.
        trail.isLeftOut = one.isLeftOut
        const { topic, partition } = trail.position
        if (records.length > 0 && !signal.aborted) yield { topic, partition, records }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', sever)
    open.sever()
    await settledWithin(500, Promise.allSettled(rounds.values()))
  }
}

/** One slot's way; `leader` is set until its fetch was handed on, so that no slot is fetched twice when its leader moves. */
type Trail = {
  position: Position
  isLeftOut: boolean
  leader: number | undefined
  readonly emptied: ReturnType<typeof skipEmptied>
}
type Round = {
  readonly leader: number
  readonly trails: readonly Trail[]
  readonly fetched: readonly (Fetched & { readonly trail: Trail })[]
}

function freeByLeader(
  cluster: Cluster,
  trails: readonly Trail[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, readonly Trail[]>> {
  const topics = [...new Set(trails.map(({ position }) => position.topic))]
  const free = trails.filter(({ leader }) => leader === undefined)
  return patiently(cluster, topics, async () => Map.groupBy(free, ({ position }) => leaderOf(cluster, position)), {
    signal,
    isEndless: true,
  })
}

/** Brings nothing where the broker is away or leads no more; the next round asks whoever leads then. */
async function fetchRound(
  cluster: Cluster,
  leader: number,
  trails: readonly Trail[],
  size: FetchSize,
  waitMs: number,
  signal: AbortSignal,
): Promise<Round> {
  for (const trail of trails) trail.leader = leader
  try {
    if (waitMs > 0) await pause(waitMs, signal)
    const positions = trails.map(({ position }) => position)
    const fetched = await fetchOnce(cluster, positions, size)
    // Throttled, or nothing but emptied batches: not a reason to ask without a pause.
    if (fetched.every(({ records, reached, end }) => records.length === 0 && reached < end))
      await pause(RETRY_MS, signal)
    return {
      leader,
      trails,
      fetched: fetched.flatMap((one) => {
        const trail = trails.find(
          ({ position }) => position.topic === one.topic && position.partition === one.partition,
        )
        return trail === undefined ? [] : [{ ...one, trail }]
      }),
    }
  } catch (error) {
    if (faultNames(error).includes('OFFSET_OUT_OF_RANGE')) throw outOfRange(error)
    if (!isTransient(error)) throw error
    await pause(RETRY_MS, signal)
    await cluster.refreshMetadata().catch(() => undefined)
    return { leader, trails, fetched: [] }
  }
}
