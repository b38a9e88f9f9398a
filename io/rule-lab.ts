import { Worker } from 'node:worker_threads'
import type { ErrorCode } from '../core/errors.ts'
import type { Diagnostic } from '../core/rules/diagnostic.ts'
import type { Rule, RuleTest } from '../core/rules/document.ts'
import type { Explanation, KeyValues } from '../core/rules/testing/explanation.ts'
import type { TestReport } from '../core/rules/testing/test-rule.ts'
import type { Micros } from '../core/time.ts'

/** A rule that is to be tried: by its own tests, on records made up, or on what the log holds of an asset. */
export type LabJob = {
  readonly rule: Rule
  /** In force beside it. */
  readonly others: readonly Rule[]
  readonly key: KeyValues | undefined
  readonly on:
    | { readonly kind: 'tests' }
    | { readonly kind: 'given'; readonly given: RuleTest['given']; readonly until: string | undefined }
    | { readonly kind: 'range'; readonly base: string; readonly from: Micros; readonly to: Micros }
}

/** What was read of the log. */
export type LabRange = {
  readonly partition: number
  readonly records: number
  /** T at the first and the last record, of warm-up too; `undefined`: there was none. */
  readonly first: Micros | undefined
  readonly last: Micros | undefined
  /** Whether the log reaches back as far as windows need to be full. */
  readonly reaches: boolean
  /** The time was up before the end of the range. */
  readonly isCut: boolean
}

export type LabAnswer =
  | { readonly kind: 'tests'; readonly report: TestReport }
  | { readonly kind: 'explained'; readonly explanation: Explanation; readonly range: LabRange | undefined }
  /** Of the rule; of the records that were made up. */
  | { readonly kind: 'wrong'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'unreadable'; readonly problem: string }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }

/** Where the log is; `limitMs`: a range is read for so long. */
export type LabSettings = {
  readonly brokers: readonly string[]
  readonly registry: string
  readonly topic: string
  readonly partitions: number
  readonly inverses: readonly string[]
  readonly limitMs: number
}

export type LabOrder = { readonly settings: LabSettings; readonly job: LabJob }

/** `busy`: somebody's own try is not over, or others' keep all of it; `late`: it was ended; `failed`: it ended by itself. */
export type LabOutcome =
  | { readonly kind: 'done'; readonly answer: LabAnswer }
  | { readonly kind: 'busy' | 'late' }
  | { readonly kind: 'failed'; readonly error: unknown }

export type Lab = {
  readonly run: (owner: string, job: LabJob, inverses: readonly string[]) => Promise<LabOutcome>
  readonly stop: () => Promise<void>
}

/** At once: each keeps a core busy. */
const MOST = 2
const RANGE_MS = 20_000
/** Beyond the reading: starting, connecting, a registry that is slow. */
const END_MS = 30_000
const MEGABYTES = 512

/**
 * Tries rules in threads of their own, which run a program (`processors/lab/main.ts`): whatever a rule does, the one who asked goes on
 * answering, and it comes to an end.
 */
export function openLab(program: URL, settings: Omit<LabSettings, 'inverses' | 'limitMs'>): Lab {
  const owners = new Map<string, Worker>()
  return {
    async run(owner, job, inverses) {
      if (owners.has(owner) || owners.size >= MOST) return { kind: 'busy' }
      const worker = new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: MEGABYTES } })
      owners.set(owner, worker)
      const order: LabOrder = { settings: { ...settings, inverses, limitMs: RANGE_MS }, job }
      const { promise, resolve } = Promise.withResolvers<LabOutcome>()
      const timer = setTimeout(() => resolve({ kind: 'late' }), END_MS)
      worker.once('message', (answer: LabAnswer) => resolve({ kind: 'done', answer }))
      worker.once('error', (error) => resolve({ kind: 'failed', error }))
      worker.once('exit', (code) => resolve({ kind: 'failed', error: new Error(`the thread ended with ${code}`) }))
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(order)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        await worker.terminate()
        owners.delete(owner)
      }
    },
    async stop() {
      await Promise.all([...owners.values()].map((worker) => worker.terminate()))
    },
  }
}
