import { emptyLetterBudget, letterBudget } from '../core/letter-budget.ts'
import type { Micros } from '../core/time.ts'
import type { Headers, Incoming, Slot, Writer } from './kafka/port.ts'
import { deadLettersOf } from '../schemas/topics.ts'

/** A record that could not be read or stored, and why. */
export type Letter = { readonly slot: Slot; readonly record: Incoming; readonly error: string }

export type DeadLetters = {
  /** Resolves when every letter within the budget stands in the dead-letter topic. */
  put(letters: readonly Letter[]): Promise<void>
}

/** Which part of the pipeline could not go on with a record. */
export type LetterStage = 'sink' | 'processor'

/**
 * Raw bytes to `<topic>.dead-letters`, within the budget; `count` is told of each, kept or not.
 *
 * A repeat after a crash is dropped by readers by (topic, partition, offset, stage).
 */
export function openDeadLetters(deps: {
  readonly stage: LetterStage
  readonly writer: Pick<Writer, 'append'>
  readonly now: () => Micros
  readonly count: (letter: { readonly topic: string; readonly stage: string; readonly reason: string }) => void
}): DeadLetters {
  const budget = emptyLetterBudget()
  const { stage } = deps
  return {
    async put(letters) {
      const kept = letters.filter(({ slot, error }) => {
        const letter = { topic: slot.topic, stage, reason: reasonOf(error) }
        deps.count(letter)
        return letterBudget(budget, letter, deps.now())[1]
      })
      if (kept.length === 0) return
      await deps.writer.append(
        kept.map(({ slot, record, error }) => ({
          topic: deadLettersOf(slot.topic),
          partition: 0,
          key: Buffer.from(slot.topic),
          value: record.value,
          timestampMs: Math.floor(deps.now() / 1000),
          headers: headersOf(stage, slot, record, error),
        })),
      )
    },
  }
}

const headersOf = (stage: LetterStage, slot: Slot, record: Incoming, error: string): Headers =>
  Object.entries({
    'dlq-topic': slot.topic,
    'dlq-partition': String(slot.partition),
    'dlq-offset': String(record.offset),
    'dlq-stage': stage,
    'dlq-error': error,
  }).map(([name, value]) => [name, Buffer.from(value)] as const)

/** A bounded name for an error: what stands before the first colon, numbers and quoted texts out of it. */
export const reasonOf = (error: string): string =>
  (error.split(':', 1)[0] ?? '')
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\d+/g, '#')
    .slice(0, 60)
