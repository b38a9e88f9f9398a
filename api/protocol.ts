import { z } from 'zod'
import type { Price } from './price.ts'
import { describe } from './validation.ts'

const MAX_NAMES = 100
const names = z
  .array(z.string().regex(/^[A-Za-z0-9-]{1,48}$/, 'not a plain name'))
  .min(1)
  .max(MAX_NAMES)
  .optional()

const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auth'), key: z.string().min(1).max(256) }),
  z.strictObject({ type: z.literal('subscribe_prices'), symbols: names, exchanges: names }),
  z.strictObject({ type: z.literal('unsubscribe_prices') }),
])

/** What a client wants to see; `undefined` is everything. A new subscription replaces the one before. */
export type Filter = {
  readonly symbols: ReadonlySet<string> | undefined
  readonly exchanges: ReadonlySet<string> | undefined
}

export type Request =
  | { readonly kind: 'auth'; readonly key: string }
  | { readonly kind: 'subscribe'; readonly filter: Filter }
  | { readonly kind: 'unsubscribe' }
  | { readonly kind: 'refused'; readonly code: SocketErrorCode; readonly message: string }

/** Closed list of the codes in `{ type: 'error' }` messages. */
export type SocketErrorCode = 'BAD_JSON' | 'BAD_MESSAGE' | 'BINARY_MESSAGE' | 'TOO_MANY_MESSAGES' | 'UNAUTHORIZED'

/** Reads a client's message; what is wrong with it is said by field. */
export function readRequest(text: string): Request {
  const value = parseJson(text)
  if (value === undefined) return { kind: 'refused', code: 'BAD_JSON', message: 'the message is not JSON' }
  const parsed = message.safeParse(value)
  if (!parsed.success) return { kind: 'refused', code: 'BAD_MESSAGE', message: describe(parsed.error) }
  if (parsed.data.type === 'auth') return { kind: 'auth', key: parsed.data.key }
  if (parsed.data.type === 'unsubscribe_prices') return { kind: 'unsubscribe' }
  const { symbols, exchanges } = parsed.data
  return {
    kind: 'subscribe',
    filter: {
      symbols: symbols && new Set(symbols.map((name) => name.toUpperCase())),
      exchanges: exchanges && new Set(exchanges.map((name) => name.toLowerCase())),
    },
  }
}

export const errorMessage = (code: SocketErrorCode, text: string): string =>
  JSON.stringify({ type: 'error', code, message: text })

export const matches = ({ symbols, exchanges }: Filter, { symbol, exchange }: Price): boolean =>
  (symbols === undefined || symbols.has(symbol)) && (exchanges === undefined || exchanges.has(exchange))

/** Equal for filters that let the same prices through, so that their clients share one serialised message. */
export const filterKey = ({ symbols, exchanges }: Filter): string =>
  JSON.stringify([symbols && [...symbols].toSorted(), exchanges && [...exchanges].toSorted()])

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
