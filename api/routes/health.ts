import type { RequestHandler } from 'express'
import { VERSION } from '../../io/process.ts'
import type { AppDeps, Route } from '../deps.ts'
import { parse, readyQuery } from '../parameters.ts'

/** The process answers; says nothing about what it depends on. */
export const livez: Route = {
  path: '/livez',
  get: () => (_request, response) => void response.type('text').send('ok\n'),
}

/** Whether it can serve: 503 with the list of problems if not; `?verbose` lists what holds too. */
const readiness =
  ({ readiness: { checks, problems } }: AppDeps): RequestHandler =>
  (request, response) => {
    const { verbose } = parse(readyQuery, request.query)
    const found = problems()
    response
      .status(found.length === 0 ? 200 : 503)
      .set('cache-control', 'no-store')
      .json({
        ready: found.length === 0,
        problems: found,
        checks:
          verbose === undefined
            ? undefined
            : checks().map(({ name, problem }) => ({ name, ok: problem === undefined, problem })),
      })
  }

export const readyz: Route = { path: '/readyz', get: readiness }
export const healthz: Route = { path: '/healthz', get: readiness }
export const version: Route = {
  path: '/version',
  get: () => (_request, response) => void response.json({ name: 'crosstide', version: VERSION }),
}
