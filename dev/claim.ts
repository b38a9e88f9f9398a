import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, startTimeOf } from './identity.ts'
import { parsePidRecord, type PidRecord } from './process.ts'

export type Claim = { release(): Promise<void> }

/**
 * Takes a lock file for this process; answers its holder instead if another living process has it. A file whose process is
 * gone is taken over.
 */
export async function claim(file: string): Promise<{ readonly claim: Claim } | { readonly holder: PidRecord }> {
  await mkdir(dirname(file), { recursive: true })
  const mine = { name: 'crosstide', pid: process.pid, startTime: startTimeOf(process.pid) ?? '', stopSignal: 'SIGTERM' }
  const own = `${file}.${process.pid}`
  const text = `${JSON.stringify(mine)}\n`
  const taken = { claim: { release: () => rm(file, { force: true }) } }
  await writeFile(own, text)
  try {
    // A link appears with its content or not at all, so nobody reads half a file.
    await link(own, file)
    return taken
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const holder = await readHolder(file)
    if (holder !== undefined) return { holder }
    // Two may take over a dead one's file at once: the last rename wins, and both look again.
    await rename(own, file)
    await sleep(200)
    const now = await readFile(file, 'utf8').catch(() => '')
    const winner = parsePidRecord(now)
    return now === text || winner === undefined ? taken : { holder: winner }
  } finally {
    await rm(own, { force: true })
  }
}

/** The living process that holds a lock file. */
export async function readHolder(file: string): Promise<PidRecord | undefined> {
  const holder = parsePidRecord(await readFile(file, 'utf8').catch(() => ''))
  return holder !== undefined && isAlive(holder) ? holder : undefined
}
