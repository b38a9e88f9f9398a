import { createHash, timingSafeEqual } from 'node:crypto'
import { PipelineError } from '../core/errors.ts'

/** A key as we keep it: who has it, and the SHA-256 of it in hex. */
export type ApiKey = { readonly name: string; readonly hash: string }

/** Who may come in: where we listen, keys (none: nobody is asked for one), origins of other pages in browsers. */
export type Access = { readonly host: string; readonly keys: readonly ApiKey[]; readonly origins: readonly string[] }

export const LOCAL: Access = { host: '127.0.0.1', keys: [], origins: [] }

export const isLoopback = (address: string): boolean =>
  /^(localhost|::1|(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(address)

/** Throws BAD_ENVIRONMENT if other machines could read without a key. */
export function assertAccess({ host, keys }: Access): void {
  if (keys.length > 0 || isLoopback(host)) return
  throw new PipelineError(
    'BAD_ENVIRONMENT',
    `CROSSTIDE_HOST is ${host}, beyond this machine, and CROSSTIDE_API_KEYS names no key`,
  )
}

/**
 * Name of the key in an Authorization header. The time it takes tells nothing of how much was right, nor of which key: all
 * are compared. Two keys of one name are the same reader's, the old and the new one while he changes over.
 */
export function keyOf(authorization: string | undefined, keys: readonly ApiKey[]): string | undefined {
  const given = /^Bearer ([\x21-\x7e]{16,256})$/i.exec(authorization ?? '')?.[1]
  if (given === undefined) return undefined
  const hash = createHash('sha256').update(given).digest()
  let found: string | undefined
  for (const key of keys) if (timingSafeEqual(Buffer.from(key.hash, 'hex'), hash)) found ??= key.name
  return found
}
