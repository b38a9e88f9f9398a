import { acknowledge } from '../../io/alerts.ts'
import { ackBody, alertPath } from '../alert-parameters.ts'
import type { Route } from '../deps.ts'
import { authorOf } from '../gates.ts'
import { sendDocument } from '../history.ts'
import { noQuery, parse } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { selectAlert } from '../queries/alerts.ts'
import { bodyOf, isEmpty } from '../rules.ts'

/** Somebody has seen an alert. Again, or by another, changes nothing: who was first stays. */
export const ackAlert: Route = {
  path: '/api/v1/alerts/:id/ack',
  post: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(alertPath, request.params)
    const { comment } = parse(ackBody, isEmpty(request) ? {} : bodyOf(request))
    const { database, audit } = deps.alerts
    const outcome = await acknowledge(database, id, authorOf(response), audit, comment)
    const found = outcome === 'unknown-alert' ? undefined : await selectAlert(deps.database, id)
    if (found === undefined) throw new HttpFailure('UNKNOWN_ALERT', `no alert ${id}`)
    if (found.ackedAt === undefined) throw new HttpFailure('CONFLICT', 'it is over, and nobody had acknowledged it')
    sendDocument(deps, response, { alert: found }, false)
  },
}
