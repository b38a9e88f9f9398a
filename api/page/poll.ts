export type Poll = {
  start(): void
  stop(): void
  /** At once, if it runs. */
  again(): void
}

/** Does a job now and again, until it is stopped: never twice at once, and not while nobody looks. */
export function createPoll(everyMs: number, job: (signal: AbortSignal) => Promise<void>): Poll {
  let leaving = new AbortController()
  leaving.abort()
  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A job tells its own failures; the next round is the remedy.
      if (!document.hidden) await job(signal).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
  const start = (): void => {
    leaving.abort()
    leaving = new AbortController()
    void run(leaving.signal)
  }
  return {
    start,
    stop: () => leaving.abort(),
    again() {
      if (!leaving.signal.aborted) start()
    },
  }
}
