import { readFile, readdir } from 'node:fs/promises'

/** What a process and its descendants have used: processor time since they started, memory now. */
export type Usage = { readonly cpuSeconds: number; readonly memoryBytes: number }

/** Of every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100

type Entry = { readonly pid: number; readonly parent: number; readonly cpuSeconds: number }

/** Pure: one line of `/proc/PID/stat`; the command in it may hold blanks and brackets. */
export function parseStat(text: string): Entry | undefined {
  const pid = Number(text.slice(0, text.indexOf(' ')))
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number)
  if (
    parent === undefined ||
    user === undefined ||
    system === undefined ||
    Number.isNaN(pid + parent + user + system)
  ) {
    return undefined
  }
  return { pid, parent, cpuSeconds: (user + system) / TICKS_PER_SECOND }
}

/** Pure: a process with all below it, except what has a name of its own. */
export function family(entries: readonly Entry[], pid: number, others: ReadonlySet<number>): readonly Entry[] {
  const self = entries.filter((entry) => entry.pid === pid)
  const children = entries.filter((entry) => entry.parent === pid && entry.pid !== pid && !others.has(entry.pid))
  return [...self, ...children.flatMap((child) => family(entries, child.pid, others))]
}

/** Usage of each named process with its descendants. Empty where there is no `/proc`. */
export async function usageOf(pids: Readonly<Record<string, number>>): Promise<ReadonlyMap<string, Usage>> {
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(names.map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')))
  const entries = stats.flatMap((text) => parseStat(text) ?? [])
  const named = new Set(Object.values(pids))
  const usages = await Promise.all(
    Object.entries(pids).map(async ([name, pid]): Promise<[string, Usage]> => {
      const members = family(entries, pid, named)
      const memory = await Promise.all(members.map((member) => memoryOf(member.pid)))
      return [name, { cpuSeconds: sum(members.map(({ cpuSeconds }) => cpuSeconds)), memoryBytes: sum(memory) }]
    }),
  )
  return new Map(usages.filter(([, { memoryBytes }]) => memoryBytes > 0))
}

/** Its share of memory: what PostgreSQL's processes share counts once. */
async function memoryOf(pid: number): Promise<number> {
  const shares = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const status = shares === '' ? await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') : ''
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(shares)?.[1] ?? /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
  return Number(kilobytes ?? 0) * 1024
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
