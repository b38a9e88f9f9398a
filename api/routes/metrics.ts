import type { Route } from '../deps.ts'

/** Prometheus text. */
export const metrics: Route = {
  path: '/metrics',
  get:
    ({ metrics: ours }) =>
    async (_request, response) => {
      response.set('content-type', ours.contentType).send(await ours.text())
    },
}
