import { fromIso, micros, type Micros } from '../../core/time.ts'
import { alertPath, alertsQuery } from '../alert-parameters.ts'
import { readParts } from '../cursor.ts'
import type { AppDeps, Route } from '../deps.ts'
import { CURSOR, DAY, cut, rangeOf, sendDocument, sendPage } from '../history.ts'
import { noQuery, parse } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { selectAlert, selectAlerts, selectLatestAlert } from '../queries/alerts.ts'

const path = '/api/v1/alerts'
/** All that is kept, which is 90 days. */
const SPAN = 91 * DAY
const CURSOR_PARTS = [CURSOR.time, /^[ -~]{1,600}$/]

/** Alerts as they were written, the newest first, in pages. */
export const alerts: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, from, to, ...filters } = parse(alertsQuery, request.query)
    // The one of this very moment too.
    const end = micros((await presentOf(deps)) + 1)
    const range = rangeOf({ from: from ?? micros(Math.max(0, (to ?? end) - SPAN)), to }, end, SPAN)
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const { state, phase, ruleId, symbol, exchange, severity } = filters
    const filter = { state, phase, ruleId, symbol, exchange, severity }
    const found = await selectAlerts(deps.database, { ...filter, ...range, after, limit: limit + 1 })
    // Never closed: any of them may be acknowledged, or sent.
    const page = { path, name: 'alerts', filters: filter, range, limit, closed: false }
    sendPage(deps, response, { ...page, ...cut(found, limit, ({ at, alertId }) => [at, alertId]) })
  },
}

export const alert: Route = {
  path: `${path}/:id`,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(alertPath, request.params)
    const found = await selectAlert(deps.database, id)
    if (found === undefined) throw new HttpFailure('UNKNOWN_ALERT', `no alert ${id}`)
    sendDocument(deps, response, { alert: found }, false)
  },
}

/** Of a recording: the moment of its newest alert. */
async function presentOf({ database, source, now }: AppDeps): Promise<Micros> {
  if (source !== 'recorded') return now()
  const latest = await selectLatestAlert(database)
  return (latest === undefined ? undefined : fromIso(latest)) ?? now()
}
