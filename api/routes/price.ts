import type { Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse, symbolPath } from '../parameters.ts'
import { withState } from '../price-state.ts'
import { HttpFailure } from '../problem.ts'
import { selectBest, selectPrices } from '../queries/prices.ts'

const ALL_EXCHANGES = 1000

/** One symbol: the best bid and ask over exchanges, and each exchange's price. */
export const price: Route = {
  path: '/api/v1/prices/:symbol',
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { symbol } = parse(symbolPath, request.params)
    const filter = { symbol, exchange: undefined, after: undefined, limit: ALL_EXCHANGES }
    const [rows, best] = await Promise.all([selectPrices(deps.database, filter), selectBest(deps.database, symbol)])
    if (rows.length === 0) throw new HttpFailure('UNKNOWN_SYMBOL', `no price of ${symbol}`)
    response.json({ meta: metaOf(deps), symbol, best, prices: rows.map(withState(deps.board)) })
  },
}
