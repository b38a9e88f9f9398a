import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import type { Delivery, Offset, Ranges, Slot } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Decoder } from '../io/registry.ts'

const RETRY_MS = 1000

/** A partition and what the log held of it when it was asked. */
export type Bounds = Slot & { readonly first: Offset; readonly end: Offset }

export type TopicFollowerDeps = {
  readonly topic: string
  readonly partitions: number
  readonly ranges: Ranges
  readonly log: Log
  /** Name of the log record that says that it was interrupted. */
  readonly interrupted: string
  /** Restores the state and says by partition where to read on; asked at the start, and again after a hole in the log. */
  locate(bounds: readonly Bounds[]): Promise<ReadonlyMap<number, Offset>>
  accept(delivery: Delivery): Promise<void>
}

export type TopicFollower = {
  /** Resolves when everything that stood in the topic at the start was taken. */
  readonly caughtUp: Promise<void>
  /** Why nothing comes, if so. */
  problem(): string | undefined
  /** Records not read yet; asks the broker. */
  lag(): Promise<number>
  stop(): Promise<void>
}

/** State first, then the topic from where that state ends; a broken connection is tried again for ever, from where it broke. */
export function followTopic(deps: TopicFollowerDeps): TopicFollower {
  const { topic, ranges, log } = deps
  const slots = Array.from({ length: deps.partitions }, (_, partition) => ({ topic, partition }))
  const next = new Map<number, Offset>()
  const targets = new Map<number, Offset>()
  const ending = new AbortController()
  let problem: string | undefined = 'starting'
  const { promise: caughtUp, resolve: isCaughtUp } = Promise.withResolvers<void>()

  const boundsOfAll = (): Promise<readonly Bounds[]> =>
    Promise.all(slots.map(async (slot) => ({ ...slot, ...(await ranges.bounds(slot)) })))

  async function locate(): Promise<void> {
    const bounds = await boundsOfAll()
    const found = await deps.locate(bounds)
    for (const { partition, end } of bounds) targets.set(partition, end)
    for (const [partition, offset] of found) next.set(partition, offset)
  }

  function settle(): void {
    if (slots.every(({ partition }) => (next.get(partition) ?? 0) >= (targets.get(partition) ?? 0))) isCaughtUp()
  }

  async function follow(): Promise<void> {
    if (next.size < slots.length) await locate()
    problem = undefined
    settle()
    const from = slots.map((slot) => ({ ...slot, next: next.get(slot.partition) ?? 0 }))
    for await (const delivery of ranges.follow(from, ending.signal)) {
      await deps.accept(delivery)
      const last = delivery.records.at(-1)
      if (last !== undefined) next.set(delivery.partition, last.offset + 1)
      settle()
    }
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await follow()
      } catch (error) {
        if (ending.signal.aborted) return
        problem = error instanceof Error ? error.message : String(error)
        log.warn({ err: error }, deps.interrupted)
        // What is there no more cannot be read from there: begin again with the state.
        if (error instanceof PipelineError && error.code === 'OFFSET_OUT_OF_RANGE') next.clear()
        await sleep(RETRY_MS, undefined, { signal: ending.signal }).catch(() => undefined)
      }
    }
  }

  const running = run()
  return {
    caughtUp,
    problem: () => problem,
    async lag() {
      const bounds = await boundsOfAll()
      return bounds.reduce((sum, { partition, end }) => sum + Math.max(0, end - (next.get(partition) ?? end)), 0)
    },
    async stop() {
      ending.abort()
      await running
    },
  }
}

/** What can be read and believed of records. Faults are only counted by who asks: a sink keeps their bytes. */
export async function valuesOf<Value>(
  decoder: Decoder<Value>,
  records: Delivery['records'],
  faultOf: (value: Value) => string | undefined,
): Promise<readonly Value[]> {
  const values: Value[] = []
  for (const { value } of records) {
    let decoded = decoder.decode(value)
    if (decoded.kind === 'unknown-schema' && (await decoder.learn(decoded.id))) decoded = decoder.decode(value)
    if (decoded.kind === 'value' && faultOf(decoded.value) === undefined) values.push(decoded.value)
  }
  return values
}
