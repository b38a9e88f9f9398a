import { readParts, writeParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { cut } from '../history.ts'
import { metaOf } from '../meta.ts'
import { bestQuotesQuery, parse } from '../parameters.ts'
import { selectBestQuotes } from '../queries/best.ts'

const path = '/api/v1/quotes/best'
const CURSOR_PARTS = [/^.{1,64}$/su]

/** Best bid and ask of each symbol over exchanges, in pages. */
export const bestQuotes: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { symbol, limit, cursor } = parse(bestQuotesQuery, request.query)
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)[0]
    const found = await selectBestQuotes(deps.database, deps.now(), { symbol, after, limit: limit + 1 })
    const { rows, next } = cut(found, limit, (row) => [row.symbol])
    const more = next === undefined ? undefined : writeParts(next)
    if (more !== undefined)
      response.links({ next: `${path}?${new URLSearchParams({ limit: String(limit), cursor: more }).toString()}` })
    response.json({ meta: metaOf(deps), quotes: rows, cursor: more })
  },
}
