import { execFile } from 'node:child_process'
import { readFile, readdir, readlink, realpath, writeFile } from 'node:fs/promises'
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

/**
 * Ends backends whose server was killed: one that computes does not notice and keeps the next server out until its query is
 * done. They are known by our own program running in this very folder, which is no other process. Call it only when
 * PostgreSQL has said that the server is gone and its shared memory is still held. Linux only; elsewhere they end by themselves.
 */
export async function endOrphans(folder: string, program: string): Promise<void> {
  const [ours, runs] = await Promise.all([realpath(folder), realpath(program)])
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const [cwd, exe] = await Promise.all(['cwd', 'exe'].map((link) => readlink(`/proc/${pid}/${link}`).catch(() => '')))
    if (cwd !== ours || exe !== runs) continue
    try {
      // Nothing is lost: what they share is abandoned, and the next server recovers from its log.
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}
