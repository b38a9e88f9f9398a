import { readCursor, writeCursor } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { parse, pricesQuery } from '../parameters.ts'
import { withState } from '../price-state.ts'
import { selectPrices } from '../queries/prices.ts'

/** Latest prices by symbol and exchange, in pages. */
export const prices: Route = {
  path: '/api/v1/prices',
  get: (deps) => async (request, response) => {
    const { symbol, exchange, limit, cursor } = parse(pricesQuery, request.query)
    const after = cursor === undefined ? undefined : readCursor(cursor)
    // One more than asked for tells whether there is a next page.
    const found = await selectPrices(deps.database, { symbol, exchange, after, limit: limit + 1 })
    const page = found.slice(0, limit)
    const last = page.at(-1)
    const next = found.length > limit && last !== undefined ? writeCursor(last) : undefined
    if (next !== undefined) {
      const query = new URLSearchParams({ limit: String(limit), cursor: next })
      if (symbol !== undefined) query.set('symbol', symbol)
      if (exchange !== undefined) query.set('exchange', exchange)
      response.links({ next: `/api/v1/prices?${query.toString()}` })
    }
    response.json({ meta: metaOf(deps), prices: page.map(withState(deps.board)), cursor: next })
  },
}
