import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import type { Interval } from '../intervals.ts'
import { CURSOR, DAY, cut, rangeOf, sendPage } from '../history.ts'
import { candlesQuery, parse } from '../parameters.ts'
import { candlesAreFinal, selectCandles, type CandleRow } from '../queries/candles.ts'

const path = '/api/v1/candles'
const CURSOR_PARTS = [CURSOR.time, /^(\*|[a-z0-9]{1,32})$/]
const cursorOf = ({ openTime, exchange }: CandleRow) => [openTime, exchange]
const DAYS: Readonly<Record<Interval, number>> = { '1s': 1, '1m': 7, '5m': 31, '15m': 31, '1h': 31, '1d': 366 }

/** Candles of a symbol, in pages; at most a day of seconds, 7 of minutes, 31 of longer ones at once. */
export const candles: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, symbol, exchange, interval, ...query } = parse(candlesQuery, request.query)
    const range = rangeOf(query, deps.now(), DAYS[interval] * DAY)
    const filters = { symbol, exchange, interval }
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    // Asked first: the rows may then hold more than it says, never less.
    const closed =
      deps.source !== 'recorded' && (await candlesAreFinal(deps.database, { symbol, interval, to: range.to }))
    const found = await selectCandles(deps.database, { ...filters, ...range, after, limit: limit + 1 })
    sendPage(deps, response, { path, name: 'candles', filters, range, limit, closed, ...cut(found, limit, cursorOf) })
  },
}
