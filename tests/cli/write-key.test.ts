import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findKey, keysOf, LOCAL } from '../../api/access.ts'
import { localWriteKey } from '../../cli/write-key.ts'
import { parseEnvironment } from '../../io/environment.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'crosstide-key-'))))
afterEach(() => rm(folder, { recursive: true }))

const nothing = parseEnvironment({})
const hash = 'ab'.repeat(32)

describe('the key of this machine', () => {
  test('is made once, readable by its owner only, and opens writing by its hash', async () => {
    const made = await localWriteKey(nothing, folder)
    const key = (await readFile(made?.file ?? '', 'utf8')).trim()
    expect(made?.hash).toBe(createHash('sha256').update(key).digest('hex'))
    expect((await stat(made?.file ?? '')).mode & 0o777).toBe(0o600)
    expect(key).toHaveLength(64)
    const keys = keysOf({ ...LOCAL, localKeyHash: made?.hash })
    expect(findKey(`Bearer ${key}`, keys)).toMatchObject({ name: 'local', scope: 'write' })
    await chmod(made?.file ?? '', 0o644)
    expect(await localWriteKey(nothing, folder)).toEqual(made)
    expect((await stat(made?.file ?? '')).mode & 0o777).toBe(0o600)
  })

  test('is not made where another may write, and is where others may only read', async () => {
    expect(await localWriteKey(parseEnvironment({ CROSSTIDE_API_KEYS: `a:${hash}:write` }), folder)).toBeUndefined()
    expect(await localWriteKey(parseEnvironment({ CROSSTIDE_LOCAL_KEY_HASH: hash }), folder)).toBeUndefined()
    expect(await localWriteKey(parseEnvironment({ CROSSTIDE_API_KEYS: `a:${hash}` }), folder)).toBeDefined()
  })

  test('that was emptied is refused: nobody shall think that it opens', async () => {
    await writeFile(join(folder, 'write-key'), '\n')
    await expect(localWriteKey(nothing, folder)).rejects.toMatchObject({ code: 'BAD_ENVIRONMENT' })
  })
})
