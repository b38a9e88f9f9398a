import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, rangeOf, sendPage } from '../history.ts'
import { deadLettersQuery, parse } from '../parameters.ts'

const path = '/api/v1/dead-letters'
const CURSOR_PARTS = [CURSOR.text, CURSOR.number]

/** Records that could not be read or stored, from the log: headers and the start of the text; at most 31 days at once. */
export const deadLetters: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, topic, ...query } = parse(deadLettersQuery, request.query)
    const range = rangeOf(query, deps.now(), 31 * DAY)
    const parts = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const after = parts === undefined ? undefined : { topic: parts[0] ?? '', next: Number(parts[1]) }
    const { letters, next } = await deps.letters({ ...range, topic, after, limit })
    sendPage(deps, response, {
      path,
      name: 'deadLetters',
      filters: { topic },
      range,
      limit,
      rows: letters,
      next: next === undefined ? undefined : [next.topic, String(next.next)],
      // Retention takes letters away, and their times are their writers'.
      closed: false,
    })
  },
}
