import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const INSTALL_MS = 150_000

/**
 * A Python with what a file of requirements lists, from an environment of its own below `.crosstide`, made once; `imports`
 * prove that it is there. Throws where there is no Python or no package index.
 */
export async function ensurePython(requirements: string, imports: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12)
  const folder = join(ROOT, '.crosstide', `python-${hash}`)
  const python = join(folder, 'bin', 'python')
  const isReady = await run(python, ['-c', `import ${imports}`]).then(
    () => true,
    () => false,
  )
  if (isReady) return python
  // What is half done carries another name: it would pass for the whole after a kill. Nothing but `bin/pip` minds the move.
  const temporary = `${folder}.part-${process.pid}`
  await mkdir(join(ROOT, '.crosstide'), { recursive: true })
  await rm(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', temporary])
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    await run(join(temporary, 'bin', 'python'), install, { timeout: INSTALL_MS })
    await rename(temporary, folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return python
}

/** Runs a script with one JSON document in and one out. */
export async function askPython(
  python: string,
  script: string,
  args: readonly string[],
  job: object,
  timeoutMs = 60_000,
): Promise<unknown> {
  const asked = run(python, [script, ...args], { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 })
  asked.child.stdin?.end(JSON.stringify(job))
  const answer: unknown = JSON.parse((await asked).stdout)
  return answer
}
