import { toIso } from '../../core/time.ts'
import type { Route } from '../deps.ts'
import { exchangeLags } from '../figures.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'
import { selectExchanges } from '../queries/exchanges.ts'
import { selectServices } from '../queries/services.ts'
import { FRESH_MS } from './services.ts'

/** The exchanges: connected or not, since when, how many symbols, how far behind. */
export const exchanges: Route = {
  path: '/api/v1/exchanges',
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const now = deps.now()
    const [rows, services] = await Promise.all([
      selectExchanges(deps.database, now),
      selectServices(deps.database, now, FRESH_MS),
    ])
    const lags = exchangeLags(services)
    const sessions = deps.board.liveSessions()
    const prices = [...deps.board.prices()]
    response.json({
      meta: metaOf(deps),
      exchanges: rows.map((row) => {
        const live = sessions.filter(({ exchange }) => exchange === row.exchange)
        const own = prices.filter(({ exchange }) => exchange === row.exchange)
        const lag = lags.find(({ exchange }) => exchange === row.exchange)
        return {
          ...row,
          state: live.length > 0 ? 'up' : 'down',
          connectedSince: live.map(({ session }) => toIso(session)).toSorted()[0],
          symbolsUp: own.filter(({ state }) => state === 'up').length,
          ticks: own.reduce((sum, { ticks }) => sum + ticks, 0),
          lagP50Ms: lag?.p50Ms,
          lagP99Ms: lag?.p99Ms,
        }
      }),
    })
  },
}
