import { execFile } from 'node:child_process'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../core/errors.ts'

const run = promisify(execFile)
const USER = 'nobody'
const DAC_READ_SEARCH = 2

/** A user without rights, as whom PostgreSQL runs where we are root (it refuses to run as root). */
export type Unprivileged = {
  readonly uid: number
  readonly gid: number
  /** What to put before a command, and the user to give to `spawn`. */
  launch(command: string, args: readonly string[]): Launch
}
export type Launch = {
  readonly command: string
  readonly args: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

/**
 * The user `nobody` if we are root, else `undefined`. Where a parent of `paths` lets nobody through (a checkout in `/root`),
 * the child keeps the one capability to pass folders, if this Linux lets us give it; else STACK_FAILED names the folder.
 */
export async function unprivilegedUser(paths: readonly string[]): Promise<Unprivileged | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = await Promise.all([lookUp('-u'), lookUp('-g')])
  const closed = await closedFolder(paths, uid, gid)
  if (closed === undefined) return { uid, gid, launch: (command, args) => ({ command, args, uid, gid }) }
  if (!(await canLendPassage())) {
    throw new PipelineError(
      'STACK_FAILED',
      `PostgreSQL does not run as root, so it runs as ${USER}, who cannot pass ${closed}.\n` +
        `Let others pass it (chmod o+x ${closed}), move the checkout or CROSSTIDE_DATA_DIR elsewhere, or set DATABASE_URL.`,
    )
  }
  return {
    uid,
    gid,
    launch: (command, args) => ({ command: 'setpriv', args: [...passage(uid, gid), command, ...args] }),
  }
}

/** Without `no_setuid_fixup`, access(2) would ignore the capability. */
const passage = (uid: number, gid: number): readonly string[] => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--securebits=+no_setuid_fixup',
  '--inh-caps=-all,+dac_read_search',
  '--ambient-caps=-all,+dac_read_search',
  '--bounding-set=-all,+dac_read_search',
]

async function canLendPassage(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  if (((effective >> BigInt(DAC_READ_SEARCH)) & 1n) === 0n) return false
  const [uid, gid] = await Promise.all([lookUp('-u'), lookUp('-g')])
  return run('setpriv', [...passage(uid, gid), 'true']).then(
    () => true,
    () => false,
  )
}

async function closedFolder(paths: readonly string[], uid: number, gid: number): Promise<string | undefined> {
  for (const path of paths) {
    let folder = await realpath(path)
    const parents: string[] = [folder]
    while (dirname(folder) !== folder) parents.unshift((folder = dirname(folder)))
    for (const parent of parents) {
      if (!mayPass(await stat(parent), uid, gid)) return parent
    }
  }
  return undefined
}

/** Pure: whether a user may pass a folder. The first class that fits decides: an owner without the bit is not "others". */
export function mayPass(
  folder: { readonly mode: number; readonly uid: number; readonly gid: number },
  uid: number,
  gid: number,
): boolean {
  const bit = folder.uid === uid ? 0o100 : folder.gid === gid ? 0o010 : 0o001
  return (folder.mode & bit) !== 0
}

async function lookUp(flag: '-u' | '-g'): Promise<number> {
  const { stdout } = await run('id', [flag, USER]).catch((cause: unknown) => {
    throw new PipelineError(
      'STACK_FAILED',
      `no user ${USER} on this machine; run as a plain user or set DATABASE_URL`,
      { cause },
    )
  })
  return Number(stdout)
}
