import { readCandles, readQuotes, readTrades, type Sample } from './documents.ts'
import { windowsBefore } from './points.ts'
import type { Rest } from './rest.ts'

/** Pages of one window; a window that holds more is left out, and so are the ones before it. */
const PAGES = 4
const HOUR_MS = 3_600_000
export const CANDLE_HOURS = 6

type Ask = { readonly rest: Rest; readonly symbol: string; readonly signal: AbortSignal }
export type Take = (samples: readonly Sample[]) => void

const iso = (ms: number): string => new Date(ms).toISOString()

/** Trades and quotes up to a moment, the newest first, until there is enough: five minutes, or what a few requests hold. */
export async function recent(ask: Ask, endMs: number, take: Take): Promise<void> {
  const kinds = [
    { path: '/api/v1/trades', read: readTrades },
    { path: '/api/v1/quotes', read: readQuotes },
  ]
  await Promise.all(
    kinds.map(async ({ path, read }) => {
      for (const { fromMs, toMs } of windowsBefore(endMs)) {
        const query = { symbol: ask.symbol, from: iso(fromMs), to: iso(toMs) }
        const { documents, isAll } = await ask.rest.pages(path, query, PAGES, ask.signal)
        if (!isAll) return
        take(documents.flatMap(read))
      }
    }),
  )
}

/** Trades since a moment: the WebSocket tells the last price, not each trade. */
export async function tradesSince(ask: Ask, fromMs: number, take: Take): Promise<void> {
  const query = { symbol: ask.symbol, from: iso(fromMs) }
  const { documents } = await ask.rest.pages('/api/v1/trades', query, 2, ask.signal)
  take(documents.flatMap(readTrades))
}

/** One-minute candles of the last hours, by their closes. */
export async function candles(ask: Ask, endMs: number, take: Take): Promise<void> {
  const query = { symbol: ask.symbol, from: iso(endMs - CANDLE_HOURS * HOUR_MS), to: iso(endMs) }
  const { documents } = await ask.rest.pages('/api/v1/candles', query, 4, ask.signal)
  take(documents.flatMap(readCandles))
}
