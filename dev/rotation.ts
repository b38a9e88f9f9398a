import { copyFile, stat, truncate } from 'node:fs/promises'

/** With one older file of the same size beside it. */
const LOG_BYTES = 16 * 1024 * 1024
const CHECK_MS = 10_000

/**
 * Keeps a log that another process appends to below a size: what is there is copied to `FILE.1`, then the file is emptied.
 * Its writer notices nothing (it appends), whoever it is: a JVM, PostgreSQL, Node. A line written in between is lost.
 */
export function keepBounded(file: string, bytes = LOG_BYTES, checkMs = CHECK_MS): () => void {
  const timer = setInterval(() => void rotate(file, bytes), checkMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function rotate(file: string, bytes: number): Promise<void> {
  try {
    if ((await stat(file)).size <= bytes) return
    await copyFile(file, `${file}.1`)
    await truncate(file)
  } catch {
    // The data directory was removed under us, or the disk is full: the next check tries again.
  }
}
