const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** The first SIGINT or SIGTERM aborts, the second exits at once. */
export function stopOnSignal(stopping: AbortController): void {
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(code)
      stopping.abort()
    })
  }
}
