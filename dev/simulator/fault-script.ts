import { z } from 'zod'
import { SIMULATED } from './exchanges.ts'

const common = { atMs: z.number().min(0), exchange: z.enum(SIMULATED) }
const symbol = z.string().optional()
const few = (most: number, usual: number) => z.int().min(1).max(most).default(usual)
const forMs = z.number().positive().default(10_000)
/** Codes that an endpoint may send, and 1006: the socket ends without a closing frame. */
const closeCode = z
  .int()
  .min(1000)
  .max(4999)
  .refine((code) => code === 1006 || (code < 1015 && code !== 1004 && code !== 1005) || code >= 3000, 'no close code')

export const fault = z.discriminatedUnion('do', [
  /** Closes every socket of the exchange. */
  z.strictObject({ ...common, do: z.literal('disconnect'), code: closeCode.default(1001) }),
  /** Half open: sockets that are open now stay open, nothing is written nor answered; with `pongs` protocol pings are. */
  z.strictObject({ ...common, do: z.literal('stall'), forMs, pongs: z.boolean().default(false) }),
  /** One symbol is not sent any more, though it is subscribed and the others live. */
  z.strictObject({ ...common, do: z.literal('mute'), symbol, forMs }),
  /** The last trade frame comes once more. */
  z.strictObject({ ...common, do: z.literal('duplicate'), symbol }),
  /** Two trades in the wrong order. */
  z.strictObject({ ...common, do: z.literal('out-of-order'), symbol }),
  /** Trades that are numbered but never sent. */
  z.strictObject({ ...common, do: z.literal('sequence-gap'), symbol, count: few(1000, 3) }),
  /** A trade that says that it is so old. */
  z.strictObject({ ...common, do: z.literal('late'), symbol, byMs: z.number().positive().default(300_000) }),
  /** The first half of a frame. */
  z.strictObject({ ...common, do: z.literal('malformed'), symbol, count: few(1000, 1) }),
  /** A frame that ends in the middle of a character. */
  z.strictObject({ ...common, do: z.literal('bad-utf8') }),
  /** A frame of so many bytes. */
  z.strictObject({ ...common, do: z.literal('oversized'), bytes: few(64 << 20, 5 << 20) }),
  /** The exchange's clock is off: ahead, or behind if negative. */
  z.strictObject({ ...common, do: z.literal('clock'), byMs: z.number().default(-3000), forMs }),
  /** Subscriptions of a symbol are refused, in the exchange's own words. */
  z.strictObject({ ...common, do: z.literal('refuse'), symbol: z.string(), forMs }),
  /** Announces the end of its connections, as the exchange does, and closes them later. */
  z.strictObject({
    ...common,
    exchange: z.enum(['binance', 'okx']),
    do: z.literal('shutdown'),
    closeAfterMs: z.number().positive().default(60_000),
  }),
  /** Handshakes are answered with a status instead. */
  z.strictObject({
    ...common,
    do: z.literal('handshake'),
    status: z.union([z.literal(429), z.literal(418), z.literal(503)]).default(429),
    retryAfterS: z.int().min(0).optional(),
    forMs,
  }),
  /** Who is connected is cut off and banned, for sockets and REST. */
  z.strictObject({ ...common, do: z.literal('ban'), forMs }),
])

/** What the simulator shall do wrong, `atMs` after the first client connected. */
export type Fault = z.infer<typeof fault>
