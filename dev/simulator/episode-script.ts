import { z } from 'zod'
import { SIMULATED } from './exchanges.ts'

const common = { atMs: z.number().min(0), forMs: z.number().positive().max(3_600_000).default(5000) }
const exchange = z.enum(SIMULATED)
const bps = z.number().min(-5000).max(5000)

/**
 * Lines of a script that order episodes of the market; what each does is said in `episodes.ts`. For example
 * `{"atMs":1000,"do":"price-gap","exchange":"kraken","symbol":"BTC-USD","bps":80,"forMs":3000}`.
 */
export const episodeLine = z.discriminatedUnion('do', [
  z.strictObject({ ...common, do: z.literal('price-gap'), exchange, symbol: z.string(), bps }),
  z.strictObject({ ...common, do: z.literal('triangle'), exchange, symbol: z.string().optional(), bps: bps.min(0) }),
  z.strictObject({ ...common, do: z.literal('depeg'), asset: z.string(), bps }),
  z.strictObject({ ...common, do: z.literal('freeze'), exchange }),
  z.strictObject({ ...common, do: z.literal('burst'), exchange, symbol: z.string() }),
  z.strictObject({ ...common, do: z.literal('storm') }),
])
export type EpisodeLine = z.infer<typeof episodeLine>

/** The seed orders no episodes in the whole run: what the script orders is all that happens. */
export const calmLine = z.strictObject({ atMs: z.number().min(0).default(0), do: z.literal('calm') })

const KINDS: ReadonlySet<string> = new Set<EpisodeLine['do']>([
  'price-gap',
  'triangle',
  'depeg',
  'freeze',
  'burst',
  'storm',
])

export const isEpisode = (line: { readonly do: string }): line is EpisodeLine => KINDS.has(line.do)
