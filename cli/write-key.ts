import { createHash, randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import type { Environment } from '../io/environment.ts'

export type WriteKey = { readonly file: string; readonly hash: string }

/**
 * The key by which this machine's people change rules, made once in the data directory and readable by its owner only;
 * `undefined` if the environment names one that may write. Its hash is all that leaves this function.
 */
export async function localWriteKey(
  { CROSSTIDE_API_KEYS: keys = [], CROSSTIDE_LOCAL_KEY_HASH: given }: Environment,
  dataDir: string,
): Promise<WriteKey | undefined> {
  if (given !== undefined || keys.some(({ scope }) => scope === 'write')) return undefined
  const file = join(dataDir, 'write-key')
  await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
  await chmod(file, 0o600)
  const key = (await readFile(file, 'utf8')).trim()
  if (!/^[\x21-\x7e]{16,256}$/.test(key))
    throw new PipelineError('BAD_ENVIRONMENT', `${file} holds no key; delete it, and the next start makes one`)
  return { file, hash: createHash('sha256').update(key).digest('hex') }
}
