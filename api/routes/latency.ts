import type { Route } from '../deps.ts'
import { exchangeLags, stageLatencies } from '../figures.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'
import { selectServices } from '../queries/services.ts'
import { FRESH_MS } from './services.ts'

/** How long a frame takes to each stage, and how far the exchanges' clocks lie behind ours, over the last seconds. */
export const latency: Route = {
  path: '/api/v1/latency',
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const services = await selectServices(deps.database, deps.now(), FRESH_MS)
    response.json({ meta: metaOf(deps), stages: stageLatencies(services), exchanges: exchangeLags(services) })
  },
}
