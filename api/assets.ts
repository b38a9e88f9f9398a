import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'

/** A file of the page, ready to send. */
export type Asset = { readonly type: string; readonly body: Buffer; readonly etag: string }

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
}

/**
 * The page's files by name, read once. TypeScript loses its types here and keeps its name, so its imports work as written.
 * Only what lies in the folder at the start can be asked for: there is no path to play tricks with.
 */
export function loadAssets(folder = new URL('page/', import.meta.url)): ReadonlyMap<string, Asset> {
  const names = readdirSync(folder).filter((name) => TYPES[extname(name)] !== undefined)
  return new Map(names.map((name) => [name, assetOf(name, readFileSync(new URL(name, folder), 'utf8'))]))
}

function assetOf(name: string, text: string): Asset {
  const body = Buffer.from(name.endsWith('.ts') ? stripTypeScriptTypes(text) : text)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', body, etag }
}
