/** Says once that something made no progress for too long, and again only after it had moved. */
export type Watchdog = {
  /** Progress was made. */
  moved(): void
  stop(): void
}

export type WatchdogOptions = {
  readonly limitMs: number
  /** Nothing to do is no lack of progress. */
  readonly isIdle: () => boolean
  readonly onStall: (stalledMs: number) => void
  readonly nowMs?: () => number
}

/** The part without a timer: call it at intervals, it answers for how long there was a reason to move and no move. */
export function createStallMeter(options: Pick<WatchdogOptions, 'limitMs' | 'isIdle'>, startMs: number) {
  let movedAtMs = startMs
  let isTold = false
  return {
    moved(nowMs: number): void {
      movedAtMs = nowMs
      isTold = false
    },
    /** Milliseconds stalled, once per stall; otherwise `undefined`. */
    look(nowMs: number): number | undefined {
      if (options.isIdle()) {
        movedAtMs = nowMs
        isTold = false
        return undefined
      }
      const stalledMs = nowMs - movedAtMs
      if (isTold || stalledMs <= options.limitMs) return undefined
      isTold = true
      return stalledMs
    },
  }
}

/** Health is progress (kafka-client.md section 9): a part that neither fails nor moves is found by nothing else. */
export function startWatchdog({ nowMs = () => performance.now(), onStall, ...options }: WatchdogOptions): Watchdog {
  const meter = createStallMeter(options, nowMs())
  const timer = setInterval(
    () => {
      const stalledMs = meter.look(nowMs())
      if (stalledMs !== undefined) onStall(stalledMs)
    },
    Math.max(500, options.limitMs / 10),
  )
  timer.unref()
  return {
    moved: () => meter.moved(nowMs()),
    stop: () => clearInterval(timer),
  }
}
