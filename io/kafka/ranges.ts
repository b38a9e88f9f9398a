import { PipelineError } from '../../core/errors.ts'
import { settledWithin } from './backoff.ts'
import { openCluster } from './client.ts'
import { boundsOf, fetchOnce, skipEmptied, timeOf, type FetchSize } from './fetching.ts'
import { follow } from './following.ts'
import { unavailable } from './faults.ts'
import type { Incoming, Offset, Ranges, RangesOptions, Slot } from './port.ts'
import { slotName } from './port.ts'
import { patiently } from './patience.ts'

const DEFAULT_WAIT_MS = 250

/** Throws KAFKA_UNAVAILABLE if no broker answers. */
export async function openRanges(options: RangesOptions): Promise<Ranges> {
  const open = openCluster(options)
  await open.cluster.connect().catch((cause: unknown) => {
    open.sever()
    throw unavailable(`no Kafka broker answers at ${options.brokers.join(', ')}`, cause)
  })
  const size: FetchSize = { minBytes: options.minBytes ?? 1, maxWaitMs: options.maxWaitMs ?? DEFAULT_WAIT_MS }
  const closing = new AbortController()

  async function* read(slot: Slot, from: Offset, to: Offset): AsyncGenerator<readonly Incoming[]> {
    const { first, end } = await patiently(open.cluster, [slot.topic], () => boundsOf(open.cluster, slot))
    if (from > to || from < first || to > end) throw outOfRange(slot, `${from}..${to} is not within ${first}..${end}`)
    let next = from
    const emptied = skipEmptied()
    while (next < to) {
      const position = { ...slot, next }
      const fetched = await patiently(open.cluster, [slot.topic], () =>
        fetchOnce(open.cluster, [position], { minBytes: 1, maxWaitMs: DEFAULT_WAIT_MS }),
      )
      for (const one of fetched) {
        const { records } = one
        next = emptied(one)
        const wanted = (records.at(-1)?.offset ?? 0) < to ? records : records.filter(({ offset }) => offset < to)
        if (wanted.length > 0) yield wanted
      }
    }
  }

  return {
    bounds: (slot) => patiently(open.cluster, [slot.topic], () => boundsOf(open.cluster, slot)),
    async atTime(slot, timestampMs) {
      const found = await patiently(open.cluster, [slot.topic], () => timeOf(open.cluster, slot, timestampMs))
      return found ?? (await patiently(open.cluster, [slot.topic], () => boundsOf(open.cluster, slot))).end
    },
    read,
    follow: (positions, signal) => follow(options, size, positions, AbortSignal.any([signal, closing.signal])),
    async close() {
      closing.abort()
      await settledWithin(1000, open.cluster.disconnect())
      open.sever()
    },
  }
}

const outOfRange = (slot: Slot, what: string): PipelineError =>
  new PipelineError('OFFSET_OUT_OF_RANGE', `${slotName(slot)}: ${what}`)
