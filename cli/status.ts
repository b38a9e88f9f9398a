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
      ...(await readiness(endpoints.api)),
    })),
  )
  if (json) process.stdout.write(`${JSON.stringify(pipelines, null, 2)}\n`)
  else if (pipelines.length === 0) process.stdout.write('nothing is running here; start with: npm start\n')
  else for (const pipeline of pipelines) process.stdout.write(`${describe(pipeline)}\n`)
  return pipelines.length > 0 && pipelines.every(({ ready }) => ready) ? 0 : 1
}

type Pipeline = Awaited<ReturnType<typeof readiness>> & {
  readonly directory: string
  readonly source: string
  readonly api: string
  readonly kafka: string
  readonly registry: string
  readonly database: string
  readonly pids: Readonly<Record<string, number>>
}

function describe(pipeline: Pipeline): string {
  const rows = [
    ['state', pipeline.ready ? 'ready' : `not ready: ${pipeline.problems.join('; ')}`],
    ['source', pipeline.source],
    ['page, API', pipeline.api],
    ['Kafka', pipeline.kafka],
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

async function readiness(api: string): Promise<{ readonly ready: boolean; readonly problems: readonly string[] }> {
  try {
    const answer = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(3000) })
    if (answer.ok) return { ready: true, problems: [] }
    const body: unknown = await answer.json()
    const problems =
      typeof body === 'object' && body !== null && 'problems' in body && Array.isArray(body.problems)
        ? body.problems
        : []
    return { ready: false, problems: problems.map(String) }
  } catch (error) {
    return {
      ready: false,
      problems: [`the API does not answer (${error instanceof Error ? error.message : String(error)})`],
    }
  }
}
