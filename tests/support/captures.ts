import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'

/** Recorded exchange traffic, read in place; it is no part of the repository. */
export const CAPTURES = fileURLToPath(new URL('../../../shared/captures', import.meta.url))

export const hasCaptures = existsSync(`${CAPTURES}/counts.json`)

const counts = z.record(z.string(), z.number())
const session = z.object({
  framesReceived: z.number(),
  frames: counts,
  entries: counts,
  /** Frames by the exchange's symbol; those of `entries` count what is in them. */
  symbols: z.object({ trade: counts.optional(), trade_snap: counts.optional(), bbo: counts.optional() }),
})

/** What others counted in the recordings, by session. Not our own output: see the README beside the captures. */
export const countedSessions = (): Readonly<Record<string, z.infer<typeof session>>> =>
  z.record(z.string(), session).parse(JSON.parse(readFileSync(`${CAPTURES}/counts.json`, 'utf8')))

/** Entries counted in the sessions of an exchange: in all, and by its own symbol where no frame held more than one. */
export function countedEntries(
  sessions: readonly string[],
  kind: 'trade' | 'bbo',
): { readonly all: number; readonly symbols: Readonly<Record<string, number>> | undefined } {
  const symbols: Record<string, number> = {}
  let all = 0
  let single = true
  for (const name of sessions) {
    const counted = countedSessions()[name]
    if (counted === undefined) throw new Error(`${name} was not counted`)
    all += counted.entries[kind] ?? 0
    single &&= counted.entries[kind] === counted.frames[kind]
    for (const [symbol, count] of Object.entries(counted.symbols[kind] ?? {}))
      symbols[symbol] = (symbols[symbol] ?? 0) + count
  }
  return { all, symbols: single ? symbols : undefined }
}

/**
 * How often a symbol's frame tells the same as its last one, read from the raw text: `told` captures the symbol and the numbers
 * of the frames it is about, in any order, the symbol as group `symbol`.
 */
export function repeatsIn(name: string, file: string, told: RegExp): Readonly<Record<string, number>> {
  const last = new Map<string, string>()
  const repeats: Record<string, number> = {}
  for (const line of gunzipSync(readFileSync(`${CAPTURES}/${name}/${file}`))
    .toString()
    .split('\n')) {
    const found = told.exec(line)
    if (found === null) continue
    const symbol = found.groups?.['symbol'] ?? ''
    const numbers = found.slice(1).join(' ')
    if (last.get(symbol) === numbers) repeats[symbol] = (repeats[symbol] ?? 0) + 1
    last.set(symbol, numbers)
  }
  return repeats
}
