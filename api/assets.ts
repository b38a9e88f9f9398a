import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page, ready to send. */
export type Asset = { readonly type: string; readonly body: Buffer; readonly etag: string }

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}

/**
 * The page's files by name, read once. TypeScript loses its types here and keeps its name, so its imports work as written.
 * Only what lies in the folder at the start can be asked for: there is no path to play tricks with.
 */
export function loadAssets(folder = new URL('page/', import.meta.url)): ReadonlyMap<string, Asset> {
  const names = readdirSync(folder).filter((name) => TYPES[extname(name)] !== undefined)
  const files = names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const)
  return new Map([...files, chartLibrary()].map(([name, text]) => [name, assetOf(name, text)]))
}

/** The one library of the page, as it was installed: the build that holds its own dependency. */
const CHARTS = 'lightweight-charts'
function chartLibrary(): readonly [string, string] {
  const built = new URL(`${CHARTS}.standalone.production.mjs`, import.meta.resolve(CHARTS))
  return [`${CHARTS}.mjs`, readFileSync(fileURLToPath(built), 'utf8')]
}

function assetOf(name: string, text: string): Asset {
  // A browser finds packages by a map in an inline script only, which the page's policy forbids.
  const body = Buffer.from(
    name.endsWith('.ts') ? stripTypeScriptTypes(text).replaceAll(`from '${CHARTS}'`, `from './${CHARTS}.mjs'`) : text,
  )
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', body, etag }
}
