import type { Letter } from './feed-state.ts'

/** A fault keeps at most this much raw text. */
export const MAX_RAW_BYTES = 64 * 1024
const MAX_ERROR_LENGTH = 1000

/** The stage in a producer's dead letters. */
export const STAGE = 'producer'

export type DeadLetter = {
  readonly value: Uint8Array
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** A producer's dead letter: raw bytes, headers say where, why and when; no Avro. `topic` is the one it never reached. */
export function deadLetter(letter: Letter, exchange: string, topic: string): DeadLetter {
  const error = letter.detail === undefined ? letter.error : `${letter.error}: ${letter.detail}`
  return {
    value: cut(letter.raw),
    headers: [
      ['dlq-topic', topic],
      ['dlq-stage', STAGE],
      ['dlq-error', error.slice(0, MAX_ERROR_LENGTH)],
      ['dlq-exchange', exchange],
      ['dlq-session', String(letter.session)],
      ['dlq-receive-time', String(letter.receiveTime)],
    ],
  }
}

/** UTF-8, at most 64 kB, never half a character. */
function cut(raw: string): Uint8Array {
  // A UTF-16 unit becomes one to three bytes, so what lies beyond cannot fit.
  const bytes = new Uint8Array(Math.min(MAX_RAW_BYTES, raw.length * 3))
  const { written } = new TextEncoder().encodeInto(raw.slice(0, MAX_RAW_BYTES), bytes)
  return bytes.subarray(0, written)
}
