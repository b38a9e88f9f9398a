import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ToySettings } from './toy-process.ts'

const SCRIPT = fileURLToPath(new URL('toy-process.ts', import.meta.url))

type Line = {
  readonly kind: 'started' | 'restored' | 'stepped' | 'saved' | 'stopped' | 'ended'
  readonly partition?: number
  readonly code?: string
  readonly error?: string
  readonly from?: string
  readonly records?: number
  readonly tookMs?: number
}

/** The toy processor in a process of its own. */
export type ToyProcess = {
  readonly lines: readonly Line[]
  readonly isGone: () => boolean
  readonly exited: Promise<NodeJS.Signals | number | null>
  /** Lets one that is on call begin. */
  go(): void
  signal(signal: NodeJS.Signals): void
  /** Waits until it has told something, or is gone. */
  told(isIt: (lines: readonly Line[]) => boolean, deadlineMs?: number): Promise<boolean>
  /** Ends it with -9 if it still runs. */
  kill(): Promise<void>
}

export function launchToy(settings: ToySettings): ToyProcess {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Dozens are started, and each would compile the same files.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'crosstide-compile-cache') },
  })
  const lines: Line[] = []
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) lines.push(JSON.parse(line))
  })
  const exited = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  )
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    lines,
    isGone,
    exited,
    go: () => void child.stdin.write('go\n'),
    signal: (signal) => void child.kill(signal),
    async told(isIt, deadlineMs = 60_000) {
      for (const until = performance.now() + deadlineMs; performance.now() < until && !isGone(); await sleep(5))
        if (isIt(lines)) return true
      return isIt(lines)
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
