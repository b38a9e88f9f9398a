import { setImmediate as yieldTurn } from 'node:timers/promises'
import type { Tick } from '../core/tick.ts'
import { toMillis, type Micros } from '../core/time.ts'
import { tickCodec } from '../schemas/codec.ts'
import { decodedTick, type LogTailDeps } from './log-tail.ts'
import type { Ranges } from './kafka/port.ts'

/** The end of one partition's log, as far as one exchange is concerned. */
export type TradeTail = {
  /** Its trades by symbol: time by number. */
  readonly trades: ReadonlyMap<string, ReadonlyMap<number, Micros>>
  readonly gaps: readonly Tick[]
  /** Reads what came since. */
  more(): Promise<void>
}

/** Records since the asked time: reading more would take the process's time away from the exchanges' frames. */
const MOST_RECORDS = 500_000
/** And before it. */
const MOST_BEFORE = 20_000

/**
 * An exchange's trades and gaps that a partition got since a time, and for up to `backMs` before. `undefined`: that is too
 * much to read.
 */
export async function tradeTail(
  { registry, topic, ranges }: Omit<LogTailDeps, 'kafka'> & { readonly ranges: Ranges },
  exchange: string,
  partition: number,
  since: Micros,
  backMs: number,
): Promise<TradeTail | undefined> {
  const decoder = registry.decoder(tickCodec)
  const slot = { topic: topic.name, partition }
  const { first, end } = await ranges.bounds(slot)
  const from = await ranges.atTime(slot, toMillis(since))
  if (end - from > MOST_RECORDS) return undefined
  const before = await ranges.atTime(slot, Math.max(0, toMillis(since) - backMs))
  const trades = new Map<string, Map<number, Micros>>()
  const gaps: Tick[] = []
  let next = Math.max(first, before, from - MOST_BEFORE)

  function take({ exchange: at, symbol, payload, sequence, eventTime }: Tick): void {
    if (payload.kind !== 'trade' || at !== exchange) return
    const known = trades.get(symbol) ?? new Map<number, Micros>()
    known.set(sequence, eventTime)
    trades.set(symbol, known)
  }

  const tail: TradeTail = {
    trades,
    gaps,
    async more() {
      const { end: to } = await ranges.bounds(slot)
      if (to <= next) return
      for await (const records of ranges.read(slot, next, to)) {
        for (const { value } of records) {
          const tick = await decodedTick(decoder, value)
          if (tick === undefined) continue
          take(tick)
          if (tick.exchange === exchange && tick.payload.kind === 'gap') gaps.push(tick)
        }
        await yieldTurn()
      }
      next = to
    },
  }
  await tail.more()
  return tail
}
