import { PipelineError } from '../../core/errors.ts'
import { delayMs, pause, settledWithin } from './backoff.ts'
import { createCrashPolicy } from './crash-policy.ts'
import { kindOfCrash } from './faults.ts'
import { openMembership, type Ending, type Membership } from './membership.ts'
import { slotName, type Offset, type Reader, type ReaderOptions, type Slot, type Stage } from './port.ts'
import { openRanges } from './ranges.ts'
import type { SlotWork } from './slot-work.ts'
import { startWatchdog } from './watchdog.ts'

const STALL_MS = 15_000
/** A minute after it was told, a consumer that neither fetches nor says why is given up. */
const SILENT_MS = STALL_MS + 60_000
const PROBE_MS = 10_000
const HINT_MS = 1000
const LONGEST_PAUSE_MS = 1000

/** A member of a consumer group that comes back after every outage; opens nothing until it is run. */
export function openReader(options: ReaderOptions): Reader {
  const { topic, groupId, log, observer } = options
  const works = new Map<number, SlotWork>()
  const former = new Map<number, Promise<unknown>>()
  const hints = new Map<string, Slot & { readonly next: Offset }>()
  const closing = new AbortController()
  let membership: Membership | undefined
  let formerMember: string | undefined
  let running: Promise<void> | undefined
  let joins = 0
  let attempt = 0

  async function sendHints(): Promise<void> {
    const positions = [...hints.values()].filter(({ partition }) => works.has(partition))
    hints.clear()
    if (positions.length === 0) return
    // Lag tools read them, nothing is restored from them: the next second brings newer ones.
    await membership?.commit(positions).catch((error: unknown) => log.debug({ groupId, err: error }, 'hint_refused'))
  }

  async function keepReading(stage: Stage): Promise<void> {
    const watchdog = startWatchdog({
      limitMs: STALL_MS,
      isIdle: () => closing.signal.aborted,
      onStall: (stalledMs) => observer?.unhealthy?.(`${groupId} fetched nothing for ${Math.round(stalledMs / 1000)} s`),
    })
    const hinting = setInterval(() => void sendHints(), HINT_MS)
    const policy = createCrashPolicy(options, (reason) => observer?.unhealthy?.(reason))
    try {
      while (!closing.signal.aborted) {
        // One that never joined has no name, and the one before it still stands in the group.
        formerMember = membership?.memberId() ?? formerMember
        const silence = watchSilence()
        membership = openMembership(options, {
          stage,
          works,
          former,
          formerMember,
          onProgress() {
            watchdog.moved()
            silence.moved()
          },
          onJoin: () => {
            attempt = 0
            formerMember = undefined
            policy.joined()
            if (joins++ > 0) observer?.rebalanced?.(groupId)
          },
        })
        const silent = silence.told.then(() => silentEnding(options))
        const ending = await Promise.race([membership.ended, silent, aborted(closing.signal)])
        silence.stop()
        if (ending === undefined) break
        if (closing.signal.aborted) break
        if (ending.kind === 'fault') throw ending.error
        log.warn({ groupId, topic, attempt, err: ending.error }, 'reader_crashed')
        if (kindOfCrash(ending.error) === 'out-of-range') throw await lostPosition(options, works, ending.error)
        policy.crashed(ending.error, performance.now())
        await membership.leave(async () => undefined)
        await pause(Math.min(LONGEST_PAUSE_MS, delayMs(attempt++, Math.random)), closing.signal)
      }
    } finally {
      watchdog.stop()
      clearInterval(hinting)
      await membership?.leave(sendHints)
      for (const { slot } of works.values()) stage.released(slot)
      works.clear()
    }
  }

  return {
    run(stage) {
      if (running !== undefined) throw new PipelineError('WRONG_USE', `the reader of ${topic} runs already`)
      running = keepReading(stage)
      return running
    },
    hint(slot, next) {
      hints.set(slotName(slot), { ...slot, next })
    },
    lag: () =>
      new Map([...works.values()].map(({ slot, end, handled }) => [slotName(slot), Math.max(0, end - handled)])),
    async close() {
      closing.abort()
      await running?.catch(() => undefined)
    },
  }
}

/** Of one membership: kafkajs can stop without a crash, and then only the missing progress tells it. */
function watchSilence() {
  const { promise: told, resolve } = Promise.withResolvers<void>()
  return { ...startWatchdog({ limitMs: SILENT_MS, isIdle: () => false, onStall: () => resolve() }), told }
}

/** Where a broker answers somebody else meanwhile, the silence is a defect of ours or of kafkajs; else it is an outage. */
async function silentEnding(options: ReaderOptions): Promise<Ending> {
  const probe = openRanges(options).then((ranges) => ranges.close())
  const answered = probe.then(
    () => true,
    () => false,
  )
  const isAnswered = (await settledWithin(PROBE_MS, answered)) && (await answered)
  const message = `the reader of ${options.topic} neither fetched nor crashed for ${SILENT_MS / 1000} s`
  return { kind: 'crash', error: new PipelineError('KAFKA_UNAVAILABLE', message, { retriable: !isAnswered }) }
}

/** While it ran, the log lost what it was to read next: retention overtook it, or the topic was cut or made anew. */
async function lostPosition(
  options: ReaderOptions,
  works: ReadonlyMap<number, SlotWork>,
  cause: unknown,
): Promise<Error> {
  const work = works.get(partitionOf(cause) ?? -1)
  const ranges = await openRanges(options)
  try {
    const slot = { topic: options.topic, partition: work?.slot.partition ?? 0 }
    const { first, end } = await ranges.bounds(slot)
    const next = work?.expected ?? 0
    const message = `${slotName(slot)} holds ${first} up to ${end}, and ${next} is next`
    return new PipelineError(next < first ? 'LOG_TRIMMED' : 'LOG_CHANGED', message, { cause })
  } finally {
    await ranges.close()
  }
}

function partitionOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  return 'partition' in error && typeof error.partition === 'number' ? error.partition : partitionOf(error.cause)
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
