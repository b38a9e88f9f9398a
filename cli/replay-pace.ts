import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import type { Outgoing, Stored } from '../io/kafka/port.ts'

/** `max`, or how many times faster than it was. Throws WRONG_USE. */
export function parseSpeed(text: string): number {
  const speed = text === 'max' ? Infinity : /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : 0
  if (speed > 0) return speed
  throw new PipelineError('WRONG_USE', `--speed: "${text}" is not max or a factor above 0`)
}

const MOST_BATCH = 500
/** Batches that are sent and not acknowledged. */
const MOST_PENDING = 16
/** A signal is noticed within this long. */
const LONGEST_SLEEP_MS = 200

export type PaceDeps = {
  readonly append: (records: readonly Outgoing[]) => Promise<readonly Stored[]>
  readonly nowMs: () => number
  readonly wait?: (ms: number) => Promise<unknown>
  /** Told what is acknowledged. */
  readonly progress: (records: number, last: Outgoing) => void
}

/**
 * Appends records at their own pace times `speed`, the first one now. On the signal nothing more is sent; resolves when all
 * that was is acknowledged, so what stands on the log is what was given up to a moment, in its order.
 */
export async function publishPaced(
  { append, nowMs, wait = sleep, progress }: PaceDeps,
  records: AsyncIterable<Outgoing>,
  speed: number,
  signal: AbortSignal,
): Promise<{ readonly records: number; readonly last: Outgoing | undefined }> {
  let batch: Outgoing[] = []
  let begun: { readonly atMs: number; readonly timestampMs: number } | undefined
  let acknowledged = 0
  let last: Outgoing | undefined
  const pending: Promise<void>[] = []
  const flush = async (): Promise<void> => {
    const sent = batch
    const end = sent.at(-1)
    if (end === undefined) return
    batch = []
    const noted = append(sent).then(() => {
      acknowledged += sent.length
      last = end
      return progress(acknowledged, end)
    })
    // Awaited below; until then a failure is no unhandled one.
    noted.catch(() => undefined)
    pending.push(noted)
    if (pending.length >= MOST_PENDING) await pending.shift()
  }
  for await (const record of records) {
    begun ??= { atMs: nowMs(), timestampMs: record.timestampMs }
    const dueMs = begun.atMs + (record.timestampMs - begun.timestampMs) / speed
    while (dueMs > nowMs() && !signal.aborted) {
      await flush()
      await wait(Math.min(LONGEST_SLEEP_MS, Math.max(1, dueMs - nowMs())))
    }
    if (signal.aborted) break
    batch.push(record)
    if (batch.length >= MOST_BATCH) await flush()
  }
  await flush()
  await Promise.all(pending)
  return { records: acknowledged, last }
}
