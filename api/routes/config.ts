import type { Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'

/** The configuration document in effect, defaults filled in; addresses and passwords are in the environment, not here. */
export const config: Route = {
  path: '/api/v1/config',
  get: (deps) => (request, response) => {
    parse(noQuery, request.query)
    response.json({ meta: metaOf(deps), ...deps.configuration() })
  },
}
