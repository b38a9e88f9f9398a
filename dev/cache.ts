import { join } from 'node:path'
import { homedir } from 'node:os'
import type { Variables } from './java.ts'

/** The user's cache folder for us: what is in it can be fetched again. */
export function cacheFolder(variables: Variables, platform: NodeJS.Platform = process.platform): string {
  const set = variables['XDG_CACHE_HOME']
  if (set !== undefined && set.startsWith('/')) return join(set, 'crosstide')
  const home = variables['HOME'] ?? homedir()
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'crosstide') : join(home, '.cache', 'crosstide')
}
