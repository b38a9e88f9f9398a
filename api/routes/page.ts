import type { Request, Response } from 'express'
import { loadAssets, type Asset } from '../assets.ts'
import type { Route } from '../deps.ts'
import { HttpFailure } from '../problem.ts'

/** The page's scripts and styles. */
export const page: Route = {
  path: '/page/:name',
  get: () => {
    const assets = loadAssets(new URL('../page/', import.meta.url))
    return (request, response) => {
      const asset = assets.get(String(request.params['name']))
      if (asset === undefined) throw new HttpFailure('NOT_FOUND')
      sendAsset(request, response, asset)
    }
  },
}

/** The browser asks each time and mostly gets a 304: a new version is seen at the next load. */
export function sendAsset(request: Request, response: Response, asset: Asset): void {
  response.set({ 'content-type': asset.type, etag: asset.etag, 'cache-control': 'no-cache' })
  if (request.get('if-none-match') === asset.etag) response.status(304).end()
  else response.send(asset.body)
}
