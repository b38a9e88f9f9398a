import { request } from 'node:http'

type Variables = Readonly<Record<string, string | undefined>>

const PING_MS = 2000
const SOCKET = '/var/run/docker.sock'

/** Where the tests' services come from. */
export type ServiceSource = 'given' | 'embedded' | 'containers' | 'none'

/**
 * Pure: services that are named win, then the embedded stack, which runs the very processes that users run; containers stand
 * in where there is no Java to run it with. `none`: the tests that need them are skipped, or fail in CI.
 */
export function serviceSource(found: {
  readonly variables: Variables
  readonly hasJava: boolean
  readonly hasEngine: boolean
}): ServiceSource {
  const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registry, DATABASE_URL: database } = found.variables
  if (brokers && registry && database) return 'given'
  // Java runs Kafka and the registry; PostgreSQL needs none.
  if (found.hasJava || (brokers && registry)) return 'embedded'
  // Half of the services in containers and half elsewhere could not reach one another.
  return found.hasEngine && !brokers && !registry && !database ? 'containers' : 'none'
}

/** Where a container engine listens: `DOCKER_HOST` (unix, tcp or http), else Docker's usual socket. `undefined`: not by a way we know. */
export function engineAddress({ DOCKER_HOST: host }: Variables): { socketPath: string } | URL | undefined {
  if (host === undefined || host === '') return { socketPath: SOCKET }
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  const url = host.replace(/^tcp:/, 'http:')
  return url.startsWith('http:') && URL.canParse(url) ? new URL(url) : undefined
}

/** Whether an engine answers; a `docker` on the path without one behind it does not. */
export async function engineAnswers(variables: Variables): Promise<boolean> {
  const address = engineAddress(variables)
  if (address === undefined) return false
  const where = address instanceof URL ? { host: address.hostname, port: address.port } : address
  return new Promise((resolve) => {
    const ping = request({ ...where, path: '/_ping', timeout: PING_MS }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    ping.once('timeout', () => ping.destroy(new Error('no answer')))
    ping.once('error', () => resolve(false))
    ping.end()
  })
}
