import { z } from 'zod'
import { describesBroker } from '../dev/kafka-probe.ts'
import type { Environment } from '../io/environment.ts'
import { runningPipelines } from './endpoints.ts'
import { withoutSecrets } from '../io/log.ts'
import { formatTable } from './table.ts'

/** `crosstide status`: what runs here and how it is. Exit code 0: all ready; 1: something is not, or nothing runs. */
export async function status(environment: Environment, json: boolean): Promise<number> {
  const pipelines = await Promise.all(
    (await runningPipelines(environment)).map(async ({ directory, endpoints }) => ({
      directory,
      ...endpoints,
      database: withoutSecrets(endpoints.database),
      ...withBrokers(await readiness(endpoints.api), await brokerStates(endpoints.kafka.split(','))),
    })),
  )
  if (json) process.stdout.write(`${JSON.stringify(pipelines, null, 2)}\n`)
  else if (pipelines.length === 0) process.stdout.write('nothing is running here; start with: npm start\n')
  else for (const pipeline of pipelines) process.stdout.write(`${describe(pipeline)}\n`)
  return pipelines.length > 0 && pipelines.every(({ ready }) => ready) ? 0 : 1
}

type Pipeline = Readiness & {
  readonly directory: string
  readonly source: string
  readonly api: string
  readonly kafka: string
  readonly registry: string
  readonly database: string
  readonly brokers: readonly BrokerState[]
  readonly pids: Readonly<Record<string, number>>
}

function describe(pipeline: Pipeline): string {
  const rows = [
    ['state', pipeline.ready ? 'ready' : `not ready: ${pipeline.problems.join('; ')}`],
    ['source', pipeline.source],
    ['page, API', pipeline.api],
    ...pipeline.brokers.map(({ address, isUp }, index) => [
      pipeline.brokers.length === 1 ? 'Kafka' : `Kafka ${index + 1}`,
      isUp ? address : `${address}: does not answer`,
    ]),
    ['registry', pipeline.registry],
    ['database', pipeline.database],
    ['data', pipeline.directory],
    [
      'pids',
      Object.entries(pipeline.pids)
        .map(([role, pid]) => `${role} ${pid}`)
        .join(', '),
    ],
  ]
  return formatTable(['pipeline', pipeline.source], rows)
}

type BrokerState = { readonly address: string; readonly isUp: boolean }

const brokerStates = (addresses: readonly string[]): Promise<readonly BrokerState[]> =>
  Promise.all(
    addresses.map(async (address) => {
      const { hostname, port } = new URL(`kafka://${address}`)
      return { address, isUp: await describesBroker(Number(port), 1, hostname) }
    }),
  )

/** Pure: with one broker of several away the pipeline goes on, but a second one would stop it: that is not ready. */
export function withBrokers(
  { problems }: Readiness,
  brokers: readonly BrokerState[],
): Readiness & { readonly brokers: readonly BrokerState[] } {
  const all = [
    ...problems,
    ...brokers.flatMap(({ address, isUp }) => (isUp ? [] : [`the broker ${address} does not answer`])),
  ]
  return { ready: all.length === 0, problems: all, brokers }
}

type Readiness = { readonly ready: boolean; readonly problems: readonly string[] }

const readyz = z.object({ problems: z.array(z.string()) })
const services = z.object({
  services: z.array(z.object({ service: z.string(), state: z.string(), health: z.string() })),
})

/** Roles that write heartbeats; the simulator and the embedded services do not. */
const HEARD = ['producers', 'processors', 'consumers', 'api']

async function readiness(api: string): Promise<Readiness> {
  try {
    const answer = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(3000) })
    const own = answer.ok ? [] : readyz.parse(await answer.json()).problems
    const list = await fetch(`${api}/api/v1/services`, { signal: AbortSignal.timeout(3000) })
    // Where keys are set this command has none: readiness alone is told.
    if (list.status === 401) return { ready: own.length === 0, problems: own }
    const problems = [...own, ...serviceProblems(services.parse(await list.json()).services)]
    return { ready: problems.length === 0, problems }
  } catch (error) {
    return {
      ready: false,
      problems: [`the API does not answer (${error instanceof Error ? error.message : String(error)})`],
    }
  }
}

/** Pure: what the roles' heartbeats say is wrong; a role that was started again is judged by its living process. */
export function serviceProblems(heard: z.infer<typeof services>['services']): readonly string[] {
  return HEARD.flatMap((role) => {
    const alive = heard.filter(({ service, health }) => service === role && health === 'alive')
    if (alive.length === 0) return [`${role}: no sign of life for 15 s`]
    return alive.some(({ state }) => state !== 'READY') ? [`${role}: degraded, see its log`] : []
  })
}
