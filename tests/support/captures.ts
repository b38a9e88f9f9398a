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
  entries: counts,
  /** Frames by the exchange's symbol; those of `entries` count what is in them. */
  symbols: z.object({ trade: counts.optional(), trade_snap: counts.optional(), bbo: counts.optional() }),
})

/** What others counted in the recordings, by session. Not our own output: see the README beside the captures. */
export const countedSessions = (): Readonly<Record<string, z.infer<typeof session>>> =>
  z.record(z.string(), session).parse(JSON.parse(readFileSync(`${CAPTURES}/counts.json`, 'utf8')))

/**
 * What must come out of all sessions of an exchange: entries in all, and by symbol where no frame held more than one. `spelled`
 * turns the exchange's own symbol into ours.
 */
export function countedEntries(
  sessions: readonly string[],
  kind: 'trade' | 'bbo',
  spelled: (nativeSymbol: string) => string,
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
      symbols[spelled(symbol)] = (symbols[spelled(symbol)] ?? 0) + count
  }
  return { all, symbols: single ? symbols : undefined }
}
