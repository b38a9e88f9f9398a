import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, cut, isClosed, rangeOf, sendPage } from '../history.ts'
import { historyQuery, parse } from '../parameters.ts'
import { selectQuotes, type QuoteRow } from '../queries/quotes.ts'

const path = '/api/v1/quotes'
const CURSOR_PARTS = [CURSOR.time, CURSOR.exchange, CURSOR.number, CURSOR.number]
const cursorOf = ({ eventTime, exchange, session, ordinal }: QuoteRow) => [eventTime, exchange, session, ordinal]

/** Quotes of a symbol by time, in pages; at most 24 h at once. */
export const quotes: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, ...query } = parse(historyQuery, request.query)
    const range = rangeOf(query, deps.now(), DAY)
    const filters = { symbol: query.symbol, exchange: query.exchange }
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const closed = await isClosed(deps, range, query.exchange)
    const found = await selectQuotes(deps.database, { ...filters, ...range, after, limit: limit + 1 })
    sendPage(deps, response, { path, name: 'quotes', filters, range, limit, closed, ...cut(found, limit, cursorOf) })
  },
}
