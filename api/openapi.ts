import { z } from 'zod'
import { VERSION } from '../io/process.ts'
import { DOCUMENTS, problem } from './documents.ts'
import {
  bestQuotesQuery,
  candlesQuery,
  deadLettersQuery,
  eventsQuery,
  gapsQuery,
  historyQuery,
  matchPath,
  matchesQuery,
  noQuery,
  pricesQuery,
  rulePath,
  rulesQuery,
  signalPath,
  signalsQuery,
  symbolPath,
} from './parameters.ts'
import { ALERT_CHANGES } from './alert-operations.ts'
import { alertPath, alertsQuery, silencePath, silencesQuery } from './alert-parameters.ts'
import { RULE_CHANGES } from './rule-operations.ts'
import { RULE_TRIALS } from './trial-operations.ts'
import { whyNotQuery } from './trial-parameters.ts'

type Json = z.core.JSONSchema.BaseSchema | boolean
type OperationId = keyof typeof DOCUMENTS
export type Failure = '400' | '403' | '404' | '409' | '412' | '413' | '415' | '422' | '428' | '503'
type Input = {
  readonly path: string
  readonly summary: string
  readonly query: z.ZodType
  readonly params?: z.ZodType
  /** Whether a closed range, or what has ended, may come as 304. */
  readonly isRange?: true
  readonly failures: readonly Failure[]
}
/** Anything but a GET. `isOpen`: changes nothing, who may read may send it. `body`: may be left out if it may be empty. */
export type Change = Omit<Input, 'isRange'> & {
  readonly method: 'post' | 'put' | 'delete'
  readonly headers?: z.ZodType
  readonly body?: z.ZodType | undefined
  readonly isOpen?: true
  readonly answer: readonly [status: 200 | 201 | 204, document: OperationId | undefined]
}

const DATABASE = ['400', '503'] as const

/** Every document the API answers with; health, metrics and the page are no part of the contract. */
export const OPERATIONS: Readonly<Record<Exclude<OperationId, 'ruleVerdict' | 'ruleTest'>, Input>> = {
  prices: {
    path: '/api/v1/prices',
    summary: 'Latest prices by symbol and exchange, in pages',
    query: pricesQuery,
    failures: DATABASE,
  },
  price: {
    path: '/api/v1/prices/{symbol}',
    summary: 'One symbol: the best bid and ask over exchanges, and the price at each',
    query: noQuery,
    params: symbolPath,
    failures: ['400', '404', '503'],
  },
  trades: history('trades', 'Trades of a symbol by time, in pages; at most 24 h at once'),
  quotes: history('quotes', 'Quotes of a symbol by time, in pages; at most 24 h at once'),
  bestQuotes: {
    path: '/api/v1/quotes/best',
    summary: 'Best bid and ask of each symbol over exchanges, with sizes and ages, in pages',
    query: bestQuotesQuery,
    failures: DATABASE,
  },
  candles: {
    ...history(
      'candles',
      'Candles of a symbol, in pages; at once a day of 1s, 7 days of 1m, 31 of 5m to 1h, 366 of 1d',
    ),
    query: candlesQuery,
  },
  signals: {
    path: '/api/v1/signals',
    summary: 'Opportunities by the time they opened, the newest first, in pages; at most 31 days at once',
    query: signalsQuery,
    failures: DATABASE,
  },
  signalStats: plain('signals/stats', 'Opportunities that opened within 24 hours, by kind, asset and exchanges'),
  signal: {
    path: '/api/v1/signals/{id}',
    summary: 'One opportunity: its legs with the quotes behind them, its life, and each record of it',
    query: noQuery,
    params: signalPath,
    isRange: true,
    failures: ['400', '404', '503'],
  },
  matches: {
    path: '/api/v1/matches',
    summary: 'Hits of rules, the newest first, in pages; at most 31 days at once',
    query: matchesQuery,
    failures: DATABASE,
  },
  match: {
    path: '/api/v1/matches/{matchId}',
    summary: 'One hit of a rule: what it tells, and the records that it rests on',
    query: noQuery,
    params: matchPath,
    isRange: true,
    failures: ['400', '404', '503'],
  },
  alerts: {
    path: '/api/v1/alerts',
    summary: 'Alerts, each as it was written, by their time, the newest first, in pages; at most 91 days at once',
    query: alertsQuery,
    failures: DATABASE,
  },
  alert: {
    path: '/api/v1/alerts/{id}',
    summary: 'One alert: what it tells, who has seen it, what was sent where',
    query: noQuery,
    params: alertPath,
    failures: ['400', '404', '503'],
  },
  silences: {
    path: '/api/v1/silences',
    summary: 'What is not to be told, the newest first, in pages',
    query: silencesQuery,
    failures: DATABASE,
  },
  silence: {
    path: '/api/v1/silences/{id}',
    summary: 'One silence',
    query: noQuery,
    params: silencePath,
    failures: ['400', '404', '503'],
  },
  arbitrageConfig: {
    path: '/api/v1/arbitrage/config',
    summary: 'The document that governs the detectors, and since when; without one nothing is evaluated',
    query: noQuery,
    failures: DATABASE,
  },
  gaps: { ...history('gaps', 'What may be missing, by its end, in pages; at most 31 days at once'), query: gapsQuery },
  rules: {
    path: '/api/v1/rules',
    summary: 'Rules by id, each with its newest document and what became of it, in pages',
    query: rulesQuery,
    failures: DATABASE,
  },
  rule: {
    path: '/api/v1/rules/{id}',
    summary: 'One rule: its newest document, with its ETag, and what became of it',
    query: noQuery,
    params: rulePath,
    failures: ['400', '404', '503'],
  },
  ruleVersions: {
    path: '/api/v1/rules/{id}/versions',
    summary: 'Every version of a rule, the newest first, in pages; of a deleted one, too',
    query: rulesQuery,
    params: rulePath,
    failures: ['400', '404', '503'],
  },
  ruleStats: {
    path: '/api/v1/rules/{id}/stats',
    summary: 'What each version of a rule did within the hour and within 24 hours',
    query: noQuery,
    params: rulePath,
    failures: ['400', '404', '503'],
  },
  whyNot: {
    path: '/api/v1/rules/{id}/why-not',
    summary:
      'Why a rule did not fire: what led up to a moment, run again with all eyes on what it lacked; one at a time',
    query: whyNotQuery,
    params: rulePath,
    failures: ['400', '404', '422', '503'],
  },
  events: {
    path: '/api/v1/events',
    summary: 'What processes of the pipeline said, in pages; at most 31 days at once',
    query: eventsQuery,
    failures: DATABASE,
  },
  deadLetters: {
    path: '/api/v1/dead-letters',
    summary: 'Records that could not be read or stored, in pages; at most 31 days at once',
    query: deadLettersQuery,
    failures: DATABASE,
  },
  config: plain('config', 'The configuration document in effect'),
  exchanges: plain('exchanges', 'Exchanges: connected or not, since when, how far behind'),
  services: plain('services', 'Processes heard within the last hour'),
  latency: plain('latency', 'How long a frame takes to each stage'),
}

function history(name: string, summary: string): Input {
  return { path: `/api/v1/${name}`, summary, query: historyQuery, isRange: true, failures: DATABASE }
}

function plain(name: string, summary: string): Input {
  return { path: `/api/v1/${name}`, summary, query: noQuery, failures: name === 'config' ? ['400'] : DATABASE }
}

export type Parameter = {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly required: boolean
  readonly description?: string | undefined
  readonly schema: Json
}

/** The OpenAPI 3.1 document, made of the schemas that the routes parse by. */
export const openApi = () => ({
  openapi: '3.1.0',
  info: {
    title: 'crosstide',
    version: VERSION,
    description: 'Prices of crypto exchanges from one ordered, replayable log. Decimals are text, times ISO 8601 UTC.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  // To read a key is needed where keys are set, to change anything always.
  security: [{}, { key: [] }],
  paths: pathsOf(),
  components: {
    securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Problem: jsonOf(problem, 'output'),
      ...Object.fromEntries(Object.entries(DOCUMENTS).map(([id, schema]) => [id, jsonOf(schema, 'output')])),
    },
  },
})

export type PathItem = {
  readonly get?: ReturnType<typeof operation>
} & Partial<Readonly<Record<Change['method'], ReturnType<typeof changing>>>>

function pathsOf(): Readonly<Record<string, PathItem>> {
  const paths: Record<string, PathItem> = {}
  for (const [id, input] of Object.entries(OPERATIONS)) paths[input.path] = { get: operation(id, input) }
  const changes: Readonly<Record<string, Change>> = { ...RULE_CHANGES, ...RULE_TRIALS, ...ALERT_CHANGES }
  for (const [id, change] of Object.entries(changes))
    paths[change.path] = { ...paths[change.path], [change.method]: changing(id, change) }
  return paths
}

function changing(operationId: string, { summary, query, params, headers, body, isOpen, answer, failures }: Change) {
  const [status, document] = answer
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${document ?? ''}` } } }
  return {
    operationId,
    summary,
    ...(isOpen === true ? {} : { security: [{ key: [] }] }),
    parameters: [
      ...parametersOf(query, 'query'),
      ...(params === undefined ? [] : parametersOf(params, 'path')),
      ...(headers === undefined ? [] : parametersOf(headers, 'header')),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: { 'application/json': { schema: jsonOf(body, 'input') } },
          },
        }),
    responses: {
      [status]: { description: summary, ...(document === undefined ? {} : { content }) },
      ...Object.fromEntries([...failures, '401', '414', '421', '429', '500'].map((code) => [code, PROBLEM])),
    },
  }
}

function operation(operationId: string, { summary, query, params, isRange, failures }: Input) {
  return {
    operationId,
    summary,
    parameters: [...parametersOf(query, 'query'), ...(params === undefined ? [] : parametersOf(params, 'path'))],
    responses: {
      200: {
        description: summary,
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${operationId}` } } },
      },
      ...(isRange === true ? { 304: { description: 'What the client has and cannot change' } } : {}),
      ...Object.fromEntries([...failures, '401', '414', '421', '429', '500'].map((status) => [status, PROBLEM])),
    },
  }
}

const PROBLEM = {
  description: 'A problem document; /errors lists the codes',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

function parametersOf(schema: z.ZodType, where: Parameter['in']): readonly Parameter[] {
  const { properties, required } = jsonOf(schema, 'input')
  return Object.entries(properties ?? {}).map(([name, property]) => {
    const { description, json, ...rest } = typeof property === 'boolean' ? {} : property
    return {
      name,
      in: where,
      required: required?.includes(name) ?? false,
      ...(description === undefined ? {} : { description }),
      schema: isJson(json) ? json : rest,
    }
  })
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null

function jsonOf(schema: z.ZodType, io: 'input' | 'output'): z.core.JSONSchema.BaseSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io })
  return json
}
