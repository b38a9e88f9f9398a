import type { Change } from './openapi.ts'
import { noQuery, rulePath } from './parameters.ts'
import { documentTrialBody, trialBody } from './trial-parameters.ts'

const RULES = '/api/v1/rules'
const FAILURES = ['400', '413', '415', '422', '503'] as const

/** What tries rules; by operation id. */
export const RULE_TRIALS = {
  testDocument: {
    method: 'post',
    path: `${RULES}/test`,
    summary: 'Tries a document: by its own tests, on records made up, or on an hour of the log; one at a time',
    query: noQuery,
    body: documentTrialBody,
    isOpen: true,
    answer: [200, 'ruleTest'],
    failures: FAILURES,
  },
  testRule: {
    method: 'post',
    path: `${RULES}/{id}/test`,
    summary: 'Tries the newest version of a rule: what it matches, what it nearly matched, what was never seen',
    query: noQuery,
    params: rulePath,
    body: trialBody,
    isOpen: true,
    answer: [200, 'ruleTest'],
    failures: [...FAILURES, '404'],
  },
} as const satisfies Readonly<Record<string, Change>>
