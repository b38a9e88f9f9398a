import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureJars } from '../../dev/jars.ts'
import { requireJava } from '../../dev/java.ts'
import { clusterId, startKafka } from '../../dev/kafka.ts'
import { freePort } from '../../dev/ports.ts'
import type { Running } from '../../dev/process.ts'

const NODES = [1, 2, 3] as const

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
  const root = await mkdtemp(join(tmpdir(), 'crosstide-cluster-'))
  const variables = process.env
  const java = await requireJava(variables)
  const jars = await ensureJars({ variables, java })
  const [ports, controllerPorts] = [await freePorts(), await freePorts()]
  const cluster = clusterId(randomBytes(16))
  const start = async (nodeId: number) => {
    const dataDir = join(root, String(nodeId))
    await mkdir(dataDir, { recursive: true })
    const member = { nodeId, cluster, controllerPorts }
    return startKafka({ dataDir, port: ports[nodeId - 1] ?? 0, java, jars, variables, member })
  }
  const running = new Map<number, Running>()
  await Promise.all(NODES.map(async (node) => void running.set(node, await start(node))))
  return {
    brokers: ports.map((port) => `127.0.0.1:${port}`),
    async end(node, signal) {
      const one = running.get(node)
      if (one === undefined) return
      process.kill(one.pid, signal)
      await one.exited
    },
    async start(node) {
      running.set(node, await start(node))
    },
    async remove() {
      await Promise.all([...running.values()].map((one) => one.stop(5000)))
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function freePorts(): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < NODES.length) ports.add(await freePort())
  return [...ports]
}
