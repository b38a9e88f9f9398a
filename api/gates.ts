import type { Request, RequestHandler, Response } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { findKey, isLoopback, keyOf, keysOf } from './access.ts'
import type { AppDeps } from './deps.ts'
import { HttpFailure } from './problem.ts'

const IPV6_SUBNET = 56

/** Whoever has a key is known by it, others by their address; the store is per process. */
export const limiter = ({ requestsPerMinute: { loopback, others }, access }: AppDeps): RequestHandler =>
  rateLimit({
    windowMs: 60_000,
    // People on this machine are not rationed like strangers; with keys, whoever comes from here may be a proxy.
    limit: (request) => (access.keys.length === 0 && isLoopback(request.ip ?? '') ? loopback : others),
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (request) => {
      const key = keyOf(request.get('authorization'), keysOf(access))
      return key === undefined ? ipKeyGenerator(request.ip ?? '', IPV6_SUBNET) : `key ${key}`
    },
    skip: (request) => isHealth(request) || isPageFile(request),
    handler: (_request, _response, next) => next(new HttpFailure('TOO_MANY_REQUESTS')),
  })

/** One look at the page is some forty small files out of memory: seven reloads would use up a stranger's minute. */
const isPageFile = ({ path }: Request): boolean => /^\/page\/[^/]+$/.test(path)
const isHealth = ({ path }: Request): boolean => /^\/(livez|readyz|healthz)$/.test(path)

/**
 * Whoever changes something needs a key that may, on this machine too, and is known by its name; and may do it less often
 * than look. What was said without one has no effect, not even on the limit of those who have one.
 */
export const mayWrite = ({
  access,
  refusals,
  now,
  requestsPerMinute: { writes = WRITES },
}: AppDeps): RequestHandler[] => [
  (request, response, next) => {
    const given = request.get('authorization')
    const key = findKey(given, keysOf(access))
    if (key?.scope === 'write') {
      response.locals['author'] = key.name
      return next()
    }
    const reason = key !== undefined ? 'read_only_key' : given === undefined ? 'no_key' : 'wrong_key'
    refusals.refused(request.ip ?? '', reason, request.path, now())
    if (key !== undefined) throw new HttpFailure('FORBIDDEN')
    response.set('www-authenticate', 'Bearer')
    throw new HttpFailure('UNAUTHORIZED')
  },
  rateLimit({
    windowMs: 60_000,
    limit: writes,
    standardHeaders: 'draft-8',
    identifier: 'writes',
    legacyHeaders: false,
    keyGenerator: (_request, response) => `key ${authorOf(response)}`,
    handler: (_request, _response, next) => next(new HttpFailure('TOO_MANY_REQUESTS')),
  }),
]

const WRITES = 60

/** Whether who asks could also write. */
export const isWriter = ({ access }: Pick<AppDeps, 'access'>, request: Request): boolean =>
  findKey(request.get('authorization'), keysOf(access))?.scope === 'write'

/** Name of the key that a write came with. */
export function authorOf({ locals }: Response): string {
  const author: unknown = locals['author']
  if (typeof author !== 'string') throw new Error('a write that nobody was asked a key for')
  return author
}

/** What describes the API, its health and the page's own files hold no rows; all else, also what is not there, is guarded. */
const OPEN = /^\/(page\/[^/]+|errors|openapi\.json|reference|livez|readyz|healthz|version)?$/

/**
 * With keys set everybody needs one, on this machine too: behind a proxy on the same machine all the world comes from
 * 127.0.0.1.
 */
export const authorise =
  ({ access, refusals, now }: Pick<AppDeps, 'access' | 'refusals' | 'now'>): RequestHandler =>
  (request, response, next) => {
    const given = request.get('authorization')
    if (access.keys.length > 0 && !OPEN.test(request.path) && keyOf(given, keysOf(access)) === undefined) {
      refusals.refused(request.ip ?? '', given === undefined ? 'no_key' : 'wrong_key', request.path, now())
      response.set('www-authenticate', 'Bearer')
      throw new HttpFailure('UNAUTHORIZED')
    }
    next()
  }

/**
 * Without keys a page of elsewhere could read us by having its name point at this machine: its browser would take our
 * answers for its own. With keys names are free; such a page has none.
 */
export const ownName =
  ({ access: { keys } }: Pick<AppDeps, 'access'>): RequestHandler =>
  (request, _response, next) => {
    const host = /^(\[[\d:a-f]+\]|[^:]+)(:\d+)?$/i.exec(request.get('host') ?? '')?.[1]?.toLowerCase() ?? ''
    if (keys.length === 0 && !isHealth(request) && !isLoopback(host.replace(/^\[(.*)\]$/, '$1')))
      throw new HttpFailure('MISDIRECTED')
    next()
  }

/** Node's parser refuses what is longer than 16 kB with its headers; no address of ours comes near this. */
const MAX_ADDRESS = 8000

export const boundAddress: RequestHandler = (request, _response, next) => {
  if (request.originalUrl.length > MAX_ADDRESS) throw new HttpFailure('URI_TOO_LONG')
  next()
}

const EXPOSED = 'ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id'

/** Pages of other origins may read the answers if theirs is in the list, letter by letter; never with cookies. */
export const shareWith =
  (origins: readonly string[]): RequestHandler =>
  (request, response, next) => {
    response.vary('origin')
    const origin = request.get('origin')
    if (origin !== undefined && origins.includes(origin))
      response.set({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED })
    next()
  }

/** Answers the question a browser asks before it sends a header of ours: what this path allows, to whom it may concern. */
export const preflight =
  (methods: readonly string[]): RequestHandler =>
  (request, response, next) => {
    const isAsked = request.method === 'OPTIONS' && request.get('access-control-request-method') !== undefined
    if (!isAsked || response.get('access-control-allow-origin') === undefined) return next()
    const isRead = methods.every((method) => method === 'GET' || method === 'HEAD')
    response
      .set({
        'access-control-allow-methods': methods.join(', '),
        'access-control-allow-headers': isRead ? READ_HEADERS : WRITE_HEADERS,
        'access-control-max-age': '600',
      })
      .status(204)
      .end()
  }

const READ_HEADERS = 'Authorization, If-None-Match, X-Request-Id'
const WRITE_HEADERS = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id'
