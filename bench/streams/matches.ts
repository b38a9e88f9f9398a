import { compareOrigins } from '../../core/origin-sieve.ts'
import type { Origin } from '../../core/processor.ts'
import type { KafkaOptions, Stage } from '../../io/kafka/port.ts'
import { openReader } from '../../io/kafka/reader.ts'
import { originOf, sentAtOf } from './wire.ts'

/** Reads a topic of matches as any consumer does: committed records only, repeats of ours dropped by origin. */
export type Matches = {
  count(): number
  repeats(): number
  /** When the first and the newest match came, milliseconds of this process's clock. */
  span(): { readonly firstMs: number; readonly lastMs: number }
  /** From sending an event to its match being here, milliseconds; of matches that came since the last call. */
  latencies(): readonly number[]
  stop(): Promise<void>
}

export async function readMatches(kafka: KafkaOptions, topic: string): Promise<Matches> {
  const reader = openReader({ ...kafka, groupId: `bench.${topic}.reader`, topic })
  const highest = new Map<string, Pick<Origin, 'offset' | 'ordinal'>>()
  let [count, repeats, firstMs, lastMs] = [0, 0, 0, 0]
  let latencies: number[] = []
  const take = (value: Buffer): void => {
    const origin = originOf(value)
    if (origin !== undefined) {
      const before = highest.get(String(origin.partition))
      if (before !== undefined && compareOrigins(origin, before) <= 0) return void (repeats += 1)
      highest.set(String(origin.partition), { offset: origin.offset, ordinal: origin.ordinal })
    }
    lastMs = performance.now()
    if (count === 0) firstMs = lastMs
    count += 1
    latencies.push(wallMs() - sentAtOf(value))
  }
  const stage: Stage = {
    assigned: async () => 0,
    async batch(_slot, records) {
      for (const { value } of records) if (value !== null) take(value)
      return (records.at(-1)?.offset ?? -1) + 1
    },
    released: () => undefined,
  }
  const running = reader.run(stage)
  running.catch((error: unknown) => process.stderr.write(`the reader of ${topic}: ${String(error)}\n`))
  return {
    count: () => count,
    repeats: () => repeats,
    span: () => ({ firstMs, lastMs }),
    latencies() {
      const taken = latencies
      latencies = []
      return taken
    },
    stop: () => reader.close(),
  }
}

/** Milliseconds since the epoch, with fractions: one clock for all processes of the machine. */
export const wallMs = (): number => performance.timeOrigin + performance.now()
