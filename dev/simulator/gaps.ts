import type { Side } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import { priceText } from './book.ts'
import type { SimulatedExchange } from './exchanges.ts'
import { gainBps, type Route } from './routes.ts'

/** From here on a route is a gap, and below it none: above what quotes do outside of episodes (`quoting.ts`). */
export const GAP_BPS = 20

export type GapLeg = {
  readonly exchange: SimulatedExchange
  readonly symbol: string
  readonly side: Side
  readonly price: string
}

/**
 * Ground truth for detectors: by the quotes of its legs a route gained at least {@link GAP_BPS} before fees from `openAt`
 * to `closeAt`. Both are exchange times: of the quote that completed the gap, and of the one that ended it.
 */
export type GapEvent = {
  readonly kind: 'gap'
  readonly state: 'OPEN' | 'CLOSE'
  /** The same at its opening and its end. */
  readonly gap: number
  readonly route: Route['kind']
  /** In the order of the route, with the price that each has now. */
  readonly legs: readonly GapLeg[]
  readonly bps: number
  readonly peakBps: number
  readonly openAt: Micros
  readonly closeAt: Micros | undefined
}

type Open = { readonly gap: number; readonly openAt: Micros; peakBps: number; updates: readonly number[] }

/** The gaps that stand; changed in place. */
export type Gaps = { readonly routes: readonly Route[]; readonly open: Map<Route, Open>; count: number }

export const createGaps = (routes: readonly Route[]): Gaps => ({ routes, open: new Map(), count: 0 })

/** Looks at all routes as they are at the end of a step: what stands shorter is nobody's gap. */
export function judgeGaps(gaps: Gaps, emit: (event: GapEvent) => void): void {
  for (const route of gaps.routes) {
    const bps = gainBps(route)
    const open = gaps.open.get(route)
    if (bps >= GAP_BPS) {
      if (open === undefined) emit(begin(gaps, route, bps))
      else {
        open.peakBps = Math.max(open.peakBps, bps)
        open.updates = updatesOf(route)
      }
    } else if (open !== undefined) {
      gaps.open.delete(route)
      emit(eventOf('CLOSE', route, bps, open, endOf(route, open)))
    }
  }
}

function begin(gaps: Gaps, route: Route, bps: number): GapEvent {
  gaps.count += 1
  const openAt = micros(Math.max(...route.legs.map(({ book }) => book.quotedAt)))
  const open: Open = { gap: gaps.count, openAt, peakBps: bps, updates: updatesOf(route) }
  gaps.open.set(route, open)
  return eventOf('OPEN', route, bps, open, undefined)
}

/** The time of the first of the quotes that came since the gap was last seen; a conversion alone may end it, too. */
function endOf({ legs }: Route, { updates, openAt }: Open): Micros {
  const fresh = legs.filter(({ book }, index) => book.updateId !== updates[index])
  const ending = fresh.length === 0 ? Math.max : Math.min
  return micros(Math.max(openAt, ending(...(fresh.length === 0 ? legs : fresh).map(({ book }) => book.quotedAt))))
}

const updatesOf = ({ legs }: Route): readonly number[] => legs.map(({ book }) => book.updateId)

const eventOf = (
  state: GapEvent['state'],
  route: Route,
  bps: number,
  { gap, openAt, peakBps }: Open,
  closeAt: Micros | undefined,
): GapEvent => ({
  kind: 'gap',
  state,
  gap,
  route: route.kind,
  legs: route.legs.map(({ book, side }) => ({
    exchange: book.instrument.exchange,
    symbol: book.instrument.symbol,
    side,
    price: priceText(book, side === 'BUY' ? book.ask : book.bid),
  })),
  bps: Math.round(bps * 1000) / 1000,
  peakBps: Math.round(peakBps * 1000) / 1000,
  openAt,
  closeAt,
})
