import { pino, type Logger } from 'pino'

export type Log = Logger

/**
 * A logger of JSON lines on stderr. Records are past-tense snake_case with fields: `log.info({ exchange }, 'socket_opened')`.
 * Passwords, keys and credentials in addresses are redacted by key; pass addresses through {@link withoutSecrets}.
 */
export function createLog(role: string, level: string): Log {
  return pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['password', 'authorization', '*.password', '*.authorization', 'apiKey', '*.apiKey'],
        censor: '[redacted]',
      },
    },
    pino.destination({ dest: 2, sync: false }),
  )
}

/** An address with its password masked. */
export function withoutSecrets(address: string): string {
  return address.replace(/^([a-z+]+:\/\/[^:/@]+):.*@/i, '$1:***@')
}
