import { z } from 'zod'
import type { Change } from './openapi.ts'
import {
  activateBody,
  deactivateBody,
  idempotencyHeader,
  ifMatchHeader,
  noBody,
  noQuery,
  ruleBody,
  rulePath,
  writeQuery,
} from './parameters.ts'

const RULES = '/api/v1/rules'
const WRITE = ['400', '403', '409', '413', '415', '422', '503'] as const
const AT_RULE = [...WRITE, '404'] as const

const action = (name: string, summary: string, body: Change['body']): Change => ({
  method: 'post',
  path: `${RULES}/{id}/${name}`,
  summary,
  query: noQuery,
  params: rulePath,
  headers: idempotencyHeader,
  body,
  answer: [200, 'rule'],
  failures: AT_RULE,
})

/** What changes rules, and what judges them; by operation id. */
export const RULE_CHANGES = {
  createRule: {
    method: 'post',
    path: RULES,
    summary: 'Adds a rule; 201 once PostgreSQL has it, what becomes of it is its activation',
    query: writeQuery,
    headers: idempotencyHeader,
    body: ruleBody,
    answer: [201, 'rule'],
    failures: WRITE,
  },
  validateRule: {
    method: 'post',
    path: `${RULES}/validate`,
    summary: 'What would be said of a document if it were written now: all errors and warnings, each with its place',
    query: noQuery,
    // What is no rule at all is judged, too.
    body: z.unknown(),
    isOpen: true,
    answer: [200, 'ruleVerdict'],
    failures: ['400', '413', '415', '503'],
  },
  replaceRule: {
    method: 'put',
    path: `${RULES}/{id}`,
    summary: 'The next version of a rule, over the one that was read',
    query: writeQuery,
    params: rulePath,
    headers: ifMatchHeader,
    body: ruleBody,
    answer: [200, 'rule'],
    failures: [...AT_RULE, '412', '428'],
  },
  deleteRule: {
    method: 'delete',
    path: `${RULES}/{id}`,
    summary: 'Ends a rule; its versions stay, since matches name them',
    query: noQuery,
    params: rulePath,
    headers: ifMatchHeader,
    answer: [204, undefined],
    failures: [...AT_RULE, '412', '428'],
  },
  activateRule: action('activate', 'Makes a version the one that speaks, or is tried in the shadow', activateBody),
  deactivateRule: action('deactivate', 'Silences a rule, or takes away its shadow', deactivateBody),
  rollbackRule: action('rollback', 'Back to the version that was active before', noBody),
} as const satisfies Readonly<Record<string, Change>>
