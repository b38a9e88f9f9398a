import { randomBytes } from 'node:crypto'
import { access, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import { freePort } from './ports.ts'

/** How many brokers a data directory is made for: one, or three with a quorum of three. */
export const BROKER_COUNTS = [1, 3] as const
export type BrokerCount = (typeof BROKER_COUNTS)[number]

const NAMES = { 1: ['kafka'], 3: ['kafka-1', 'kafka-2', 'kafka-3'] } as const
/** Name of a broker's process, log and folder. */
export type BrokerName = (typeof NAMES)[BrokerCount][number]

/** A broker's place in a cluster of several, all on this machine. */
export type Member = {
  /** Counts from 1. */
  readonly nodeId: number
  /** One for all, by {@link clusterId}. */
  readonly cluster: string
  /** Ports of all controllers, by node id; they stay while any of them runs. */
  readonly controllerPorts: readonly number[]
}
export type BrokerPlan = { readonly name: BrokerName; readonly port: number; readonly member: Member | undefined }

/** Names the cluster of three that a data directory holds. */
const CLUSTER = 'kafka-cluster.id'

/** Pure: the brokers' ports follow one another from the first; 0 stays 0. */
export const brokerPorts = (first: number, count: BrokerCount): readonly number[] =>
  NAMES[count].map((_, index) => (first === 0 ? 0 : first + index))

/**
 * The brokers of a data directory: from `firstPort` on, or on any free ports for 0, which then stay. Throws WRONG_USE if it was
 * made for another number: brokers are neither added to a log nor taken from it in place.
 */
export async function planBrokers(
  dataDir: string,
  count: BrokerCount,
  firstPort: number,
): Promise<readonly BrokerPlan[]> {
  await assertBrokerCount(dataDir, count)
  const free = await freePorts(2 * count)
  const ports = brokerPorts(firstPort, count).map((port, index) => (port === 0 ? (free[index] ?? 0) : port))
  if (count === 1) return NAMES[1].map((name, index) => ({ name, port: ports[index] ?? 0, member: undefined }))
  const cluster = await clusterOf(dataDir)
  const controllerPorts = free.slice(count)
  return NAMES[count].map((name, index) => ({
    name,
    port: ports[index] ?? 0,
    member: { nodeId: index + 1, cluster, controllerPorts },
  }))
}

/** Throws WRONG_USE, which names the option, if a data directory was made for another number of brokers. */
export async function assertBrokerCount(dataDir: string, count: BrokerCount): Promise<void> {
  const made = await madeFor(dataDir)
  if (made === undefined || made === count) return
  const [has, option] = made === 1 ? ['one broker', 'without --brokers 3'] : ['three brokers', 'with --brokers 3']
  throw new PipelineError(
    'WRONG_USE',
    `the log in ${dataDir} was made for ${has}: start it ${option} (CROSSTIDE_BROKERS=${made}), begin anew with "crosstide reset", or set CROSSTIDE_DATA_DIR to another folder`,
  )
}

/** For how many brokers; `undefined`: nothing is there yet. */
export async function madeFor(dataDir: string): Promise<BrokerCount | undefined> {
  if (await exists(join(dataDir, CLUSTER))) return 3
  return (await exists(join(dataDir, 'kafka'))) ? 1 : undefined
}

/** Written before any broker's folder is made, so that a start that was killed goes on with the same cluster. */
async function clusterOf(dataDir: string): Promise<string> {
  const file = join(dataDir, CLUSTER)
  const known = await readFile(file, 'utf8').catch(() => '')
  if (known !== '') return known.trim()
  const fresh = clusterId(randomBytes(16))
  await writeFile(`${file}.new`, `${fresh}\n`)
  await rename(`${file}.new`, file)
  return fresh
}

/** Pure: an id of 16 bytes as Kafka writes it. Without the top bit it never begins with `-`, which would be taken for an option. */
export function clusterId(bytes: Buffer): string {
  const id = Buffer.from(bytes)
  id.writeUInt8(id.readUInt8(0) & 0x7f, 0)
  return id.toString('base64url')
}

async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
