import { z } from 'zod'
import { assertNever } from '../core/assert.ts'
import { SEVERITIES } from '../core/match.ts'
import { OPPORTUNITY_KINDS } from '../core/opportunity.ts'
import type { AlertFilter } from './alert.ts'
import type { Price } from './price.ts'
import type { SignalFilter } from './signal.ts'
import { describe } from './validation.ts'

const MAX_NAMES = 100
const names = z
  .array(z.string().regex(/^[A-Za-z0-9-]{1,48}$/, 'not a plain name'))
  .min(1)
  .max(MAX_NAMES)
  .optional()

const ruleIds = z
  .array(z.string().regex(/^[a-z0-9-]{1,64}$/, 'not a rule'))
  .min(1)
  .max(MAX_NAMES)
  .optional()

const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auth'), key: z.string().min(1).max(256) }),
  z.strictObject({ type: z.literal('subscribe_prices'), symbols: names, exchanges: names }),
  z.strictObject({ type: z.literal('unsubscribe_prices') }),
  z.strictObject({
    type: z.literal('subscribe_signals'),
    kind: z.enum(OPPORTUNITY_KINDS).optional(),
    symbols: names,
    minEdgeBps: z.number().min(-10_000).max(10_000).optional(),
  }),
  z.strictObject({ type: z.literal('unsubscribe_signals') }),
  z.strictObject({
    type: z.literal('subscribe_alerts'),
    symbols: names,
    exchanges: names,
    ruleIds,
    minSeverity: z.enum(SEVERITIES).optional(),
  }),
  z.strictObject({ type: z.literal('unsubscribe_alerts') }),
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
  | { readonly kind: 'subscribe_signals'; readonly filter: SignalFilter }
  | { readonly kind: 'unsubscribe_signals' }
  | { readonly kind: 'subscribe_alerts'; readonly filter: AlertFilter }
  | { readonly kind: 'unsubscribe_alerts' }
  | { readonly kind: 'refused'; readonly code: SocketErrorCode; readonly message: string }

/** Closed list of the codes in `{ type: 'error' }` messages. */
export type SocketErrorCode = 'BAD_JSON' | 'BAD_MESSAGE' | 'BINARY_MESSAGE' | 'TOO_MANY_MESSAGES' | 'UNAUTHORIZED'

/** Reads a client's message; what is wrong with it is said by field. */
export function readRequest(text: string): Request {
  const value = parseJson(text)
  if (value === undefined) return { kind: 'refused', code: 'BAD_JSON', message: 'the message is not JSON' }
  const parsed = message.safeParse(value)
  if (!parsed.success) return { kind: 'refused', code: 'BAD_MESSAGE', message: describe(parsed.error) }
  const { data } = parsed
  switch (data.type) {
    case 'auth':
      return { kind: 'auth', key: data.key }
    case 'unsubscribe_prices':
      return { kind: 'unsubscribe' }
    case 'unsubscribe_signals':
      return { kind: 'unsubscribe_signals' }
    case 'subscribe_signals': {
      const { kind, minEdgeBps } = data
      return { kind: 'subscribe_signals', filter: { kind, symbols: upper(data.symbols), minEdgeBps } }
    }
    case 'unsubscribe_alerts':
      return { kind: 'unsubscribe_alerts' }
    case 'subscribe_alerts': {
      const { symbols, exchanges, ruleIds: rules, minSeverity } = data
      const filter = {
        symbols: upper(symbols),
        exchanges: lower(exchanges),
        ruleIds: rules && new Set(rules),
        minSeverity,
      }
      return { kind: 'subscribe_alerts', filter }
    }
    case 'subscribe_prices':
      return {
        kind: 'subscribe',
        filter: {
          symbols: upper(data.symbols),
          exchanges: lower(data.exchanges),
        },
      }
    default:
      return assertNever(data)
  }
}

const upper = (list: readonly string[] | undefined): ReadonlySet<string> | undefined =>
  list && new Set(list.map((name) => name.toUpperCase()))

const lower = (list: readonly string[] | undefined): ReadonlySet<string> | undefined =>
  list && new Set(list.map((name) => name.toLowerCase()))

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
