import type { Exchange, Tick } from '../core/tick.ts'
import { ADAPTERS } from './adapters.ts'
import { createBackfiller, type BackfillWorld } from './backfill-run.ts'

/** What differs between exchanges in what a backfill needs of the world. */
export type BackfillWorlds = (exchange: Exchange) => BackfillWorld

/** The backfills of one process: each exchange's begins with its first gap that REST could fill. */
export function openBackfills(worlds: BackfillWorlds): {
  /** Told of every tick that the writer took. */
  offered(tick: Tick, partition: number): void
} {
  const running = new Map<string, ReturnType<typeof createBackfiller>>()
  return {
    offered(tick, partition) {
      if (tick.payload.kind !== 'gap') return
      const adapter = Object.values(ADAPTERS).find(({ exchange }) => exchange === tick.exchange)
      if (adapter?.backfill === undefined) return
      const one = running.get(tick.exchange) ?? createBackfiller(adapter, adapter.backfill, worlds(adapter.exchange))
      running.set(tick.exchange, one)
      one.notice({ tick, partition })
    },
  }
}
