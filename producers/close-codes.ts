import { delayMs, longDelayMs, restartDelayMs } from './backoff.ts'

/**
 * What a close code asks of us. `usual`: the back-off, which begins at half a second. `restart`: the server needs a moment,
 * and so do all its clients at once. `long`: it objects to what we do, and would again.
 */
export type CloseRule = { readonly meaning: string; readonly backoff: 'usual' | 'restart' | 'long' }

/** RFC 6455 and the registry of IANA. */
const GENERIC: Readonly<Record<number, CloseRule>> = {
  1000: { meaning: 'normal', backoff: 'usual' },
  1001: { meaning: 'going away', backoff: 'usual' },
  1002: { meaning: 'protocol error', backoff: 'usual' },
  1003: { meaning: 'unsupported data', backoff: 'long' },
  1005: { meaning: 'no code', backoff: 'usual' },
  1006: { meaning: 'no closing handshake', backoff: 'usual' },
  1007: { meaning: 'invalid text', backoff: 'usual' },
  1008: { meaning: 'policy', backoff: 'long' },
  1009: { meaning: 'our frame is too big', backoff: 'long' },
  1010: { meaning: 'extension missing', backoff: 'long' },
  1011: { meaning: 'internal error', backoff: 'usual' },
  1012: { meaning: 'service restart', backoff: 'restart' },
  1013: { meaning: 'try again later', backoff: 'restart' },
  1014: { meaning: 'bad gateway', backoff: 'restart' },
}

/** The rule of a code, the exchange's own first; `undefined` of a code that nobody documents. */
export const closeRule = (
  code: number,
  documented: Readonly<Record<number, CloseRule>> | undefined,
): CloseRule | undefined => documented?.[code] ?? GENERIC[code]

export function closeDelayMs(rule: CloseRule | undefined, attempt: number, random: number): number {
  switch (rule?.backoff) {
    case 'restart':
      return Math.max(restartDelayMs(random), delayMs(attempt, random))
    case 'long':
      return longDelayMs(attempt, random)
    case 'usual':
    case undefined:
      return delayMs(attempt, random)
  }
}
