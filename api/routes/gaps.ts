import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, cut, isClosed, rangeOf, sendPage } from '../history.ts'
import { gapsQuery, parse } from '../parameters.ts'
import { selectGaps, type GapRow } from '../queries/gaps.ts'

const path = '/api/v1/gaps'
const CURSOR_PARTS = [CURSOR.time, CURSOR.exchange, CURSOR.number, CURSOR.number]
const cursorOf = ({ toTime, exchange, session, ordinal }: GapRow) => [toTime, exchange, session, ordinal]

/** What may be missing, in pages; at most 31 days at once. */
export const gaps: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, ...query } = parse(gapsQuery, request.query)
    const range = rangeOf(query, deps.now(), 31 * DAY)
    const filters = { symbol: query.symbol, exchange: query.exchange }
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const closed = await isClosed(deps, range, query.exchange)
    const found = await selectGaps(deps.database, { ...filters, ...range, after, limit: limit + 1 })
    sendPage(deps, response, { path, name: 'gaps', filters, range, limit, closed, ...cut(found, limit, cursorOf) })
  },
}
