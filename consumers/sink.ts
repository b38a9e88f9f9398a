import type { Incoming, Offset, Ranges, Slot } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Decoder } from '../io/registry.ts'
import type { Database, Statement } from './database.ts'
import type { DeadLetters } from '../io/dead-letters.ts'
import type { Move } from './resume.ts'
import type { SchemaLearner } from './unknown-schema.ts'

/** A decoded record that passed the domain check. */
export type Entry<Value> = { readonly record: Incoming; readonly offset: Offset; readonly value: Value }

/** What distinguishes one sink from another; the shell does the rest. */
export type Sink<Value, Memory> = {
  /** Names the offset row; never changes. */
  readonly consumer: string
  readonly topic: string
  readonly decoder: Decoder<Value>
  /** Why a value cannot be believed, `undefined` if it can. */
  faultOf(value: Value): string | undefined
  /** What is remembered of a slot besides its offset, read from the database. */
  recall(database: Database, slot: Slot): Promise<Memory>
  /** Entries that were not stored before. Does not change the memory. */
  fresh(memory: Memory, entries: readonly Entry<Value>[]): readonly Entry<Value>[]
  /** The one statement that stores rows and moves the offset, or does nothing; it answers `moved` and `stored`. */
  statement(move: Move, entries: readonly Entry<Value>[], memory: Memory): Statement
  /** Takes into the memory what a statement has stored. */
  adopt(memory: Memory, entries: readonly Entry<Value>[]): void
}

/** What a sink tells its owner; wired to metrics by `main.ts`. */
export type SinkObserver<Value> = {
  /** In = fresh + duplicate + fault. Records are counted again where another instance made us start over. */
  sifted(counts: {
    readonly in: number
    readonly fresh: number
    readonly duplicate: number
    readonly fault: number
  }): void
  stored(entries: readonly Entry<Value>[], rows: number, tookMs: number): void
  /** Another instance had moved on. */
  fenced(slot: Slot): void
  outage(error: unknown): void
  /** PostgreSQL refuses a record; it becomes a letter. */
  refused(): void
}

export type SinkDeps<Value> = {
  readonly database: Database
  readonly ranges: Pick<Ranges, 'bounds' | 'read'>
  readonly deadLetters: DeadLetters
  readonly learner: SchemaLearner
  readonly observer: SinkObserver<Value>
  readonly log: Log
  /** Ends early, without an error, when the service stops. */
  readonly wait: (ms: number) => Promise<void>
  readonly stopped: () => boolean
  readonly random: () => number
  /** Rows a statement; default 1,000. */
  readonly maxRows?: number
}
