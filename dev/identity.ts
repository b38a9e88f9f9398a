import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * When a process started, as a text that is equal only for the same process; `undefined` if there is none of that pid (a
 * zombie counts as none). Linux: boot id and field 22 of `/proc/PID/stat`; elsewhere what `ps` says.
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const ticks = parseStartTicks(read(`/proc/${pid}/stat`))
    // The ticks count from the boot: without its id, a process of the next boot could look like the old one.
    return ticks === undefined ? undefined : `${read('/proc/sys/kernel/random/boot_id').trim()}:${ticks}`
  }
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
    const [state = '', ...started] = text.trim().split(/\s+/)
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ')
  } catch {
    return undefined
  }
}

/** Whether the very process lives, and not another one that was given its pid. */
export const isAlive = ({ pid, startTime }: { readonly pid: number; readonly startTime: string }): boolean =>
  startTime !== '' && startTimeOf(pid) === startTime

/** Pure: field 22 of `/proc/PID/stat`. The second field is the program's name in brackets, which may hold brackets and blanks. */
export function parseStartTicks(stat: string): string | undefined {
  const end = stat.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = stat.slice(end + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
