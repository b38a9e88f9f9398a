import type { Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'
import { selectServices } from '../queries/services.ts'

const HOUR_MS = 3_600_000
const HEARTBEAT_MS = 5000
/** Three heartbeats missed: the process is suspect, its figures no longer speak of now. */
export const FRESH_MS = 3 * HEARTBEAT_MS

const healthOf = (ageMs: number): 'alive' | 'suspect' | 'dead' =>
  ageMs < FRESH_MS ? 'alive' : ageMs < 6 * HEARTBEAT_MS ? 'suspect' : 'dead'

/** Every process heard within the last hour, with what it says about itself. */
export const services: Route = {
  path: '/api/v1/services',
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const rows = await selectServices(deps.database, deps.now(), HOUR_MS)
    response.json({
      meta: metaOf(deps),
      services: rows.map((row) => ({ ...row, ageMs: Math.round(row.ageMs), health: healthOf(row.ageMs) })),
    })
  },
}
