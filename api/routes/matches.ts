import { fromIso, micros, type Micros } from '../../core/time.ts'
import { readParts } from '../cursor.ts'
import type { AppDeps, Route } from '../deps.ts'
import { CURSOR, DAY, cut, rangeOf, sendDocument, sendPage } from '../history.ts'
import { matchPath, matchesQuery, noQuery, parse } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { selectLatestMatch, selectMatch, selectMatches } from '../queries/matches.ts'

const path = '/api/v1/matches'
const SPAN = 31 * DAY
const CURSOR_PARTS = [CURSOR.time, /^[ -~]{1,128}$/]

/** Hits of rules, the newest first, in pages; at most 31 days at once. */
export const matches: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, from, to, ...filters } = parse(matchesQuery, request.query)
    // The one of this very moment too.
    const end = micros((await presentOf(deps)) + 1)
    const range = rangeOf({ from: from ?? micros(Math.max(0, (to ?? end) - SPAN)), to }, end, SPAN)
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const { ruleId, symbol, exchange, severity, phase } = filters
    const filter = { ruleId, symbol, exchange, severity, phase }
    const found = await selectMatches(deps.database, { ...filter, ...range, after, limit: limit + 1 })
    // Never closed: rows come late after an outage.
    const page = { path, name: 'matches', filters: filter, range, limit, closed: false }
    sendPage(deps, response, { ...page, ...cut(found, limit, ({ at, matchId }) => [at, matchId]) })
  },
}

/** One match; it never changes. */
export const match: Route = {
  path: `${path}/:matchId`,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { matchId } = parse(matchPath, request.params)
    const found = await selectMatch(deps.database, matchId)
    if (found === undefined) throw new HttpFailure('UNKNOWN_MATCH', `no match ${matchId}`)
    sendDocument(deps, response, { match: found }, true)
  },
}

/** Of a recording: the moment of its newest match. */
async function presentOf({ database, source, now }: AppDeps): Promise<Micros> {
  if (source !== 'recorded') return now()
  const latest = await selectLatestMatch(database)
  return (latest === undefined ? undefined : fromIso(latest)) ?? now()
}
