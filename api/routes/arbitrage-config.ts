import { readArbitrage } from '../../core/arbitrage/config.ts'
import type { Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'
import { selectArbitrage } from '../queries/arbitrage.ts'

/** The document that governs the detectors, defaults filled in; without one in force nothing is evaluated. */
export const arbitrageConfig: Route = {
  path: '/api/v1/arbitrage/config',
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const found = await selectArbitrage(deps.database)
    const read = found === undefined ? undefined : readArbitrage(found.body)
    response.json({
      meta: metaOf(deps),
      epoch: found?.epoch,
      since: found?.since,
      author: found?.author,
      // What an older version wrote and this one cannot read is shown as it stands.
      config: read !== undefined && 'config' in read ? read.config : found?.body,
    })
  },
}
