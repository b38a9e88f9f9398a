import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * PostgreSQL refuses to start while the pid in its `postmaster.pid` lives, whoever has it now: after a reboot that may be
 * anybody. Where it is no PostgreSQL, our own pid is written in its place, which PostgreSQL passes over as its parent's;
 * the rest of the file stays, by which it still notices children of the old server.
 */
export async function disarmStalePid(folder: string): Promise<void> {
  const file = join(folder, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid) return
  const command = await run('ps', ['-o', 'comm=', '-p', String(pid)]).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
  if (command === '' || /postgres/.test(command)) return
  await writeFile(file, withPid(text, process.pid))
}

/** Pure: the file with another pid in its first line. */
export const withPid = (text: string, pid: number): string => [String(pid), ...text.split('\n').slice(1)].join('\n')
