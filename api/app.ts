import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import { MICROS_PER_SECOND } from '../core/time.ts'
import { authorise, boundAddress, limiter, mayWrite, ownName, preflight, shareWith } from './gates.ts'
import type { AppDeps, Route } from './deps.ts'
import { HttpFailure, PROBLEMS, failureOf, problemOf } from './problem.ts'
import { ackAlert } from './routes/alert-ack.ts'
import { alert, alerts } from './routes/alerts.ts'
import { arbitrageConfig } from './routes/arbitrage-config.ts'
import { bestQuotes } from './routes/best-quotes.ts'
import { candles } from './routes/candles.ts'
import { config } from './routes/config.ts'
import { deadLetters } from './routes/dead-letters.ts'
import { errors } from './routes/errors.ts'
import { events } from './routes/events.ts'
import { exchanges } from './routes/exchanges.ts'
import { gaps } from './routes/gaps.ts'
import { latency } from './routes/latency.ts'
import { healthz, livez, readyz, version } from './routes/health.ts'
import { match, matches } from './routes/matches.ts'
import { metrics } from './routes/metrics.ts'
import { page } from './routes/page.ts'
import { price } from './routes/price.ts'
import { prices } from './routes/prices.ts'
import { quotes } from './routes/quotes.ts'
import { openApiDocument, reference } from './routes/reference.ts'
import { root } from './routes/root.ts'
import { activateRule, deactivateRule, rollbackRule } from './routes/rule-actions.ts'
import { testDocument, testRule, whyNot } from './routes/rule-test.ts'
import { rule, ruleStats, ruleVersions } from './routes/rule.ts'
import { rules, validateRules } from './routes/rules.ts'
import { services } from './routes/services.ts'
import { silence, silences } from './routes/silences.ts'
import { signal, signalStats, signals } from './routes/signals.ts'
import { trades } from './routes/trades.ts'

const ROUTES: readonly Route[] = [
  root,
  page,
  prices,
  price,
  trades,
  quotes,
  bestQuotes,
  candles,
  signals,
  // Before what would take `stats` for an id.
  signalStats,
  signal,
  matches,
  match,
  alerts,
  alert,
  ackAlert,
  silences,
  silence,
  arbitrageConfig,
  rules,
  // Before what would take `validate` and `test` for ids.
  validateRules,
  testDocument,
  rule,
  ruleVersions,
  ruleStats,
  testRule,
  whyNot,
  activateRule,
  deactivateRule,
  rollbackRule,
  gaps,
  events,
  deadLetters,
  config,
  exchanges,
  services,
  latency,
  openApiDocument,
  reference,
  errors,
  livez,
  readyz,
  healthz,
  metrics,
  version,
]

/** The HTTP side: every route, every answer a JSON document or a problem document, nothing else knows express. */
export function createApp(deps: AppDeps): Express {
  const app = express()
  const seconds = deps.metrics.histogram('http_request_seconds', 'Time to answer a request', ['route', 'status'])
  const matched = new WeakMap<Response, string>()

  app.use(requestIds)
  app.use((_request, response, next) => {
    const started = deps.now()
    response.on('finish', () =>
      seconds
        .labels(matched.get(response) ?? 'none', String(response.statusCode))
        .observe((deps.now() - started) / MICROS_PER_SECOND),
    )
    next()
  })
  app.use(security())
  app.use(shareWith(deps.access.origins))
  app.use(limiter(deps))
  for (const route of ROUTES) app.options(route.path, preflight(methodsOf(route)))
  app.use(preflight(['GET', 'HEAD']))
  app.use(authorise(deps))
  app.use(ownName(deps))
  app.use(boundAddress)

  // Read only where one is wanted, and by whom it may be sent.
  const body = express.json({ limit: '100kb' })
  const writing = [...mayWrite(deps), body]
  for (const route of ROUTES) {
    const { path, get, ask, post, put, delete: remove } = route
    const handler = app.route(path).all((_request, response, next) => {
      matched.set(response, path)
      next()
    })
    if (get !== undefined) handler.get(get(deps))
    if (ask !== undefined) handler.post(body, ask(deps))
    if (post !== undefined) handler.post(writing, post(deps))
    if (put !== undefined) handler.put(writing, put(deps))
    if (remove !== undefined) handler.delete(writing, remove(deps))
    handler.all((_request, response) => {
      response.set('allow', methodsOf(route).join(', '))
      throw new HttpFailure('METHOD_NOT_ALLOWED')
    })
  }
  app.use((request) => {
    throw new HttpFailure('NOT_FOUND', `no ${request.path.slice(0, 100)} here`)
  })
  app.use(problems(deps))
  return app
}

/** What a path answers, as its Allow header says. */
const methodsOf = ({ get, ask, post, put, delete: remove }: Route): readonly string[] => [
  ...(get === undefined ? [] : ['GET', 'HEAD']),
  ...(ask === undefined && post === undefined ? [] : ['POST']),
  ...(put === undefined ? [] : ['PUT']),
  ...(remove === undefined ? [] : ['DELETE']),
]

const requestIds: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id')
  response.set('x-request-id', given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID())
  next()
}

/** The page needs its own scripts, styles and WebSocket, and nothing from elsewhere. */
const security = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // lightweight-charts places its logo by a style element of its own; this is the digest of its text.
        styleSrc: ["'self'", "'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Plain HTTP on loopback; whoever puts TLS before it decides about HSTS there.
    strictTransportSecurity: false,
  })

const problems =
  ({ log }: AppDeps): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    const failure = failureOf(error)
    const requestId = response.get('x-request-id') ?? ''
    if (failure.code === 'INTERNAL') log.error({ err: error, requestId, path: request.path }, 'request_failed')
    else if (PROBLEMS[failure.code][0] >= 500) log.warn({ err: error, requestId }, 'request_unserved')
    if (response.headersSent) return next(error)
    const problem = problemOf(failure, request.path, requestId)
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
