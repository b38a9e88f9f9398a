import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, cut, isClosed, rangeOf, sendPage } from '../history.ts'
import { historyQuery, parse } from '../parameters.ts'
import { selectCandles, type CandleRow } from '../queries/candles.ts'

const path = '/api/v1/candles'
const CURSOR_PARTS = [CURSOR.time, CURSOR.exchange]
const cursorOf = ({ openTime, exchange }: CandleRow) => [openTime, exchange]

/** One-minute candles of a symbol, in pages; at most 7 days at once. */
export const candles: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, ...query } = parse(historyQuery, request.query)
    const range = rangeOf(query, deps.now(), 7 * DAY)
    const filters = { symbol: query.symbol, exchange: query.exchange }
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const closed = await isClosed(deps, range, query.exchange)
    const found = await selectCandles(deps.database, { ...filters, ...range, after, limit: limit + 1 })
    sendPage(deps, response, { path, name: 'candles', filters, range, limit, closed, ...cut(found, limit, cursorOf) })
  },
}
