import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, cut, isClosed, rangeOf, sendPage } from '../history.ts'
import { historyQuery, parse } from '../parameters.ts'
import { selectTrades, type TradeRow } from '../queries/trades.ts'

const path = '/api/v1/trades'
const CURSOR_PARTS = [CURSOR.time, CURSOR.text, CURSOR.exchange]
const cursorOf = ({ eventTime, tradeId, exchange }: TradeRow) => [eventTime, tradeId, exchange]

/** Trades of a symbol by time, in pages; at most 24 h at once. */
export const trades: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, ...query } = parse(historyQuery, request.query)
    const range = rangeOf(query, deps.now(), DAY)
    const filters = { symbol: query.symbol, exchange: query.exchange }
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const closed = await isClosed(deps, range, query.exchange)
    const found = await selectTrades(deps.database, { ...filters, ...range, after, limit: limit + 1 })
    sendPage(deps, response, { path, name: 'trades', filters, range, limit, closed, ...cut(found, limit, cursorOf) })
  },
}
