import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, cut, rangeOf, sendPage } from '../history.ts'
import { eventsQuery, parse } from '../parameters.ts'
import { selectEvents, type EventRow } from '../queries/events.ts'

const path = '/api/v1/events'
const CURSOR_PARTS = [CURSOR.time, CURSOR.text, CURSOR.text, CURSOR.number]
const cursorOf = ({ time, service, instance, sequence }: EventRow) => [time, service, instance, sequence]

/** What processes of the pipeline said, in pages; at most 31 days at once. Never closed: an event may come late. */
export const events: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, exchange, kind, ...query } = parse(eventsQuery, request.query)
    const range = rangeOf(query, deps.now(), 31 * DAY)
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const filters = { exchange, kind }
    const found = await selectEvents(deps.database, {
      ...filters,
      ...range,
      symbol: undefined,
      after,
      limit: limit + 1,
    })
    sendPage(deps, response, {
      path,
      name: 'events',
      filters,
      range,
      limit,
      closed: false,
      ...cut(found, limit, cursorOf),
    })
  },
}
