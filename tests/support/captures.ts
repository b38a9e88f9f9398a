import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** Recorded exchange traffic, read in place; it is no part of the repository. */
export const CAPTURES = fileURLToPath(new URL('../../../shared/captures', import.meta.url))

export const hasCaptures = existsSync(`${CAPTURES}/counts.json`)

const counts = z.record(z.string(), z.number())
const session = z.object({
  framesReceived: z.number(),
  frames: counts,
  symbols: z.object({ trade: counts.optional(), bbo: counts.optional() }),
})

/** What others counted in the recordings, by session. Not our own output: see the README beside the captures. */
export const countedSessions = (): Readonly<Record<string, z.infer<typeof session>>> =>
  z.record(z.string(), session).parse(JSON.parse(readFileSync(`${CAPTURES}/counts.json`, 'utf8')))

/** Sum of counts by the exchange's own symbol over the sessions of one exchange. */
export function countedSymbols(prefix: string, kind: 'trade' | 'bbo'): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const [name, { symbols }] of Object.entries(countedSessions())) {
    if (!name.startsWith(prefix)) continue
    for (const [symbol, count] of Object.entries(symbols[kind] ?? {})) sums[symbol] = (sums[symbol] ?? 0) + count
  }
  return sums
}
