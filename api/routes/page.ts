import type { Request, Response } from 'express'
import type { Asset } from '../assets.ts'
import type { Route } from '../deps.ts'
import { HttpFailure } from '../problem.ts'

/** The page's scripts and styles. */
export const page: Route = {
  path: '/page/:name',
  get: (deps) => (request, response) => {
    const asset = deps.assets.get(String(request.params['name']))
    if (asset === undefined) throw new HttpFailure('NOT_FOUND')
    sendAsset(request, response, asset)
  },
}

/** The browser asks each time and mostly gets a 304: a new version is seen at the next load. */
export function sendAsset(request: Request, response: Response, asset: Asset): void {
  response.set({ 'content-type': asset.type, etag: asset.etag, 'cache-control': 'no-cache' })
  if (request.get('if-none-match') === asset.etag) response.status(304).end()
  else response.send(asset.body)
}
