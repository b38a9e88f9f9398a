import { EXCHANGES, type Tick } from '../core/tick.ts'
import { MICROS_PER_MINUTE, type Micros } from '../core/time.ts'
import { decode, type Adapter } from '../producers/adapter.ts'
import type { Letter, Origin } from './letters.ts'

/** As for live frames: beyond this an exchange's time is not believed. */
const MAX_SKEW = 10 * MICROS_PER_MINUTE

export type Again =
  | { readonly kind: 'ticks'; readonly ticks: readonly Tick[]; readonly quotes: number }
  | { readonly kind: 'unreadable'; readonly reason: string }

/**
 * Decodes a producer's letter again, with the adapter of today. Its trades become ticks of a session of their own, feed
 * BACKFILL. Its quotes are history and would push newer ones out of "latest"; they are counted only.
 *
 * If anything of the frame still cannot be read nothing is taken: what can be was taken when the frame came.
 */
export function decodeAgain(
  { value }: Pick<Letter, 'value'>,
  { receiveTime }: Extract<Origin, { stage: 'producer' }>,
  adapter: Adapter,
  /** Canonical symbols by the exchange's own spelling. */
  symbols: ReadonlyMap<string, string>,
  session: { readonly id: Micros; readonly nextOrdinal: number },
): Again {
  const decoded = decode(adapter, value.toString(), receiveTime)
  if (decoded.kind === 'fault') return { kind: 'unreadable', reason: decoded.reason }
  if (decoded.kind !== 'ticks') return { kind: 'ticks', ticks: [], quotes: 0 }
  const faults = new Set(decoded.faults)
  const ticks: Tick[] = []
  let quotes = 0
  for (const { nativeSymbol, eventTime, timeSource, sequence, history, payload } of decoded.ticks) {
    // Sent again at subscribe, of whatever age; the sessions before had it, or a gap says so.
    if (history) continue
    const symbol = symbols.get(nativeSymbol)
    if (symbol === undefined) faults.add('symbol: not listed')
    else if (timeSource === 'EXCHANGE' && Math.abs(eventTime - receiveTime) > MAX_SKEW)
      faults.add('eventTime: more than 10 minutes off')
    else if (payload.kind === 'quote') quotes += 1
    else
      ticks.push({
        exchange: adapter.exchange,
        symbol,
        feed: 'BACKFILL',
        eventTime: timeSource === 'EXCHANGE' ? eventTime : receiveTime,
        timeSource,
        receiveTime,
        session: session.id,
        ordinal: session.nextOrdinal + ticks.length,
        sequence,
        origin: undefined,
        payload,
      })
  }
  return faults.size === 0
    ? { kind: 'ticks', ticks, quotes }
    : { kind: 'unreadable', reason: [...faults].toSorted().join('; ') }
}

/** The exchange of that name, `undefined` if this release has none. */
export const exchangeNamed = (name: string) => EXCHANGES.find((one) => one === name)
