import { createHash, timingSafeEqual } from 'node:crypto'
import { PipelineError } from '../core/errors.ts'

/** A key as we keep it: who has it, the SHA-256 of it in hex, and whether it opens more than reading. */
export type ApiKey = { readonly name: string; readonly hash: string; readonly scope?: 'write' }

/**
 * Who may come in: where we listen, keys (none: nobody is asked for one to read), origins of other pages in browsers.
 * `localKeyHash`: of the key that `crosstide up` made; it may write, and closes no door to readers.
 */
export type Access = {
  readonly host: string
  readonly keys: readonly ApiKey[]
  readonly origins: readonly string[]
  readonly localKeyHash?: string | undefined
}

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

/** All keys that open anything. */
export const keysOf = ({ keys, localKeyHash }: Access): readonly ApiKey[] =>
  localKeyHash === undefined ? keys : [...keys, { name: 'local', hash: localKeyHash, scope: 'write' }]

/** Name of the key in an Authorization header. */
export const keyOf = (authorization: string | undefined, keys: readonly ApiKey[]): string | undefined =>
  findKey(authorization, keys)?.name

/**
 * The key in an Authorization header. The time it takes tells nothing of how much was right, nor of which key: all
 * are compared. Two keys of one name are the same reader's, the old and the new one while he changes over.
 */
export function findKey(authorization: string | undefined, keys: readonly ApiKey[]): ApiKey | undefined {
  const given = /^Bearer ([\x21-\x7e]{16,256})$/i.exec(authorization ?? '')?.[1]
  if (given === undefined) return undefined
  const hash = createHash('sha256').update(given).digest()
  let found: ApiKey | undefined
  for (const key of keys) if (timingSafeEqual(Buffer.from(key.hash, 'hex'), hash)) found ??= key
  return found
}
