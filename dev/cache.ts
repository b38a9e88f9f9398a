import { readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Variables } from './java.ts'

/** The user's cache folder for us: what is in it can be fetched again. */
export function cacheFolder(variables: Variables, platform: NodeJS.Platform = process.platform): string {
  const set = variables['XDG_CACHE_HOME']
  if (set !== undefined && set.startsWith('/')) return join(set, 'crosstide')
  const home = variables['HOME'] ?? homedir()
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'crosstide') : join(home, '.cache', 'crosstide')
}

/** Nothing that is under way takes this long. */
const ABANDONED_MS = 3_600_000

/** Removes what a killed process left half done: entries of a folder whose name holds `mark`. */
export async function removeOlder(folder: string, mark: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((entry) => entry.includes(mark))) {
    const path = join(folder, name)
    const changedAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Infinity,
    )
    if (Date.now() - changedAt > ABANDONED_MS) await rm(path, { recursive: true, force: true })
  }
}
