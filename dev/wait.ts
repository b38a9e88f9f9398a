import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import { lastLines, type Running } from './process.ts'

const POLL_MS = 50

/**
 * Asks again and again until `probe` answers true. Throws STACK_FAILED with the end of the process's log if it ends or the
 * deadline passes; a probe that throws counts as not yet.
 */
export async function untilReady(
  running: Running,
  probe: () => Promise<boolean>,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  let hasExited = false
  void running.exited.then(() => (hasExited = true))
  const giveUpAt = performance.now() + options.deadlineMs
  while (!(await probe().catch(() => false))) {
    options.signal?.throwIfAborted()
    if (hasExited) throw await failure(running, 'ended while it started')
    if (performance.now() > giveUpAt) throw await failure(running, `is not ready after ${options.deadlineMs / 1000} s`)
    await sleep(POLL_MS)
  }
  // Another process may have answered on the port of one that could not bind it.
  if (hasExited) throw await failure(running, 'ended while it started')
}

/** Waits for a process that does one thing and ends; throws STACK_FAILED with its words unless it ended well. */
export async function untilDone(running: Running): Promise<void> {
  if ((await running.exited).code !== 0) throw await failure(running, 'failed')
}

async function failure(running: Running, what: string): Promise<PipelineError> {
  const { name, logFile } = running
  const message = `${name} ${what}; the end of ${logFile}:
${await lastLines(running)}`
  return new PipelineError('STACK_FAILED', message, { retriable: true })
}
