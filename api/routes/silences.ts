import { readMatcher } from '../../core/silence.ts'
import { toMillis } from '../../core/time.ts'
import { addSilence, endSilence } from '../../io/alerts.ts'
import { silenceBody, silencePath, silencesQuery } from '../alert-parameters.ts'
import { readParts, writeParts } from '../cursor.ts'
import type { AppDeps, Route } from '../deps.ts'
import { authorOf } from '../gates.ts'
import { cut, sendDocument } from '../history.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { selectSilence, selectSilences, type SilenceRow } from '../queries/silences.ts'
import { bodyOf } from '../rules.ts'

const path = '/api/v1/silences'

/** Silences, the newest first, in pages; and a new one. */
export const silences: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { state, limit, cursor } = parse(silencesQuery, request.query)
    const [after] = cursor === undefined ? [] : readParts(cursor, [/^\d{1,15}$/])
    const found = await selectSilences(deps.database, { state, after, limit: limit + 1 })
    const { rows, next } = cut(found, limit, ({ silenceId }) => [String(silenceId)])
    const nextCursor = next === undefined ? undefined : writeParts(next)
    if (nextCursor !== undefined) {
      const query = new URLSearchParams({ limit: String(limit), cursor: nextCursor, ...(state && { state }) })
      response.links({ next: `${path}?${query.toString()}` })
    }
    response.set('cache-control', 'no-cache').json({ meta: metaOf(deps), silences: rows, cursor: nextCursor })
  },
  post: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { matcher: given, startsAt, endsAt, comment } = parse(silenceBody, bodyOf(request))
    const read = readMatcher(given)
    if ('problem' in read) throw new HttpFailure('BAD_PARAMETER', `matcher: ${read.problem}`)
    const now = deps.now()
    const [from, until] = [startsAt ?? now, endsAt].map(toMillis).map((ms) => new Date(ms))
    if (from === undefined || until === undefined || until <= from || endsAt <= now)
      throw new HttpFailure('BAD_PARAMETER', 'endsAt: not after startsAt, or past')
    const author = authorOf(response)
    const { database, audit } = deps.alerts
    const silenceId = await addSilence(database, { matcher: read.matcher, from, until, author, comment }, audit)
    response.status(201).location(`${path}/${silenceId}`)
    sendDocument(deps, response, { silence: await silenceOf(deps, silenceId) }, false)
  },
}

export const silence: Route = {
  path: `${path}/:id`,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(silencePath, request.params)
    sendDocument(deps, response, { silence: await silenceOf(deps, id) }, false)
  },
  delete: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(silencePath, request.params)
    const { database, audit } = deps.alerts
    // One that is over is as it was wanted.
    if (!(await endSilence(database, id, authorOf(response), audit))) await silenceOf(deps, id)
    response.status(204).end()
  },
}

async function silenceOf({ database }: AppDeps, id: number): Promise<SilenceRow> {
  const found = await selectSilence(database, id)
  if (found === undefined) throw new HttpFailure('UNKNOWN_SILENCE', `no silence ${id}`)
  return found
}
