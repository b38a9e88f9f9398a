import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planBrokers } from '../../dev/brokers.ts'
import { ensureJars } from '../../dev/jars.ts'
import { requireJava } from '../../dev/java.ts'
import { startKafka, untilAllKnown } from '../../dev/kafka.ts'
import type { Running } from '../../dev/process.ts'

/** Three brokers with a quorum of three; topics get RF 3 and min ISR 2. */
export type Cluster = {
  readonly brokers: readonly string[]
  /** Ends a broker with the signal and waits until it is gone; nodes count from 1. */
  end(node: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Starts it again on the same port and data. */
  start(node: number): Promise<void>
  remove(): Promise<void>
}

export async function startCluster(): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosstide-cluster-'))
  const variables = process.env
  const java = await requireJava(variables)
  const jars = await ensureJars({ variables, java })
  const plan = await planBrokers(dataDir, 3, 0)
  const running = new Map<number, Running>()
  const start = async (node: number): Promise<void> => {
    const broker = plan[node - 1]
    if (broker === undefined) throw new RangeError(`there is no broker ${node}`)
    running.set(node, await startKafka({ ...broker, dataDir, java, jars, variables }))
  }
  await Promise.all(plan.map((_, index) => start(index + 1)))
  await untilAllKnown(plan, new AbortController().signal)
  return {
    brokers: plan.map(({ port }) => `127.0.0.1:${port}`),
    async end(node, signal) {
      const one = running.get(node)
      if (one === undefined) return
      process.kill(one.pid, signal)
      await one.exited
    },
    start,
    async remove() {
      await Promise.all([...running.values()].map((one) => one.stop(5000)))
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
