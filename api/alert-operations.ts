import { ackBody, alertPath, silenceBody, silencePath } from './alert-parameters.ts'
import type { Change } from './openapi.ts'
import { noQuery } from './parameters.ts'

/** What people do about alerts; by operation id. */
export const ALERT_CHANGES = {
  ackAlert: {
    method: 'post',
    path: '/api/v1/alerts/{id}/ack',
    summary: 'Somebody has seen it; who was first stays. 409: it is over, and nobody had',
    query: noQuery,
    params: alertPath,
    body: ackBody,
    answer: [200, 'alert'],
    failures: ['400', '403', '404', '409', '413', '415', '503'],
  },
  createSilence: {
    method: 'post',
    path: '/api/v1/silences',
    summary: 'Alerts that match are not told from then until then; actions are done all the same',
    query: noQuery,
    body: silenceBody,
    answer: [201, 'silence'],
    failures: ['400', '403', '413', '415', '503'],
  },
  endSilence: {
    method: 'delete',
    path: '/api/v1/silences/{id}',
    summary: 'Ends a silence now; one that is over stays as it is',
    query: noQuery,
    params: silencePath,
    answer: [204, undefined],
    failures: ['400', '403', '404', '503'],
  },
} as const satisfies Readonly<Record<string, Change>>
