import { arrivals, type Arrival, type ArrivalsState, type OpenTick } from '../../core/arrivals.ts'
import { panes, type PanesState } from '../../core/panes.ts'
import { MEMORY, SESSION_MEMORY } from '../../core/partition-clock.ts'
import { pipe } from '../../core/pipe.ts'
import type { Emitted, Logged, Processor, Stage } from '../../core/processor.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros } from '../../core/time.ts'
import { MOMENTS, sdOf, type Moments } from '../../core/windows/moments.ts'

/** The mistakes of a witness; each is one that somebody will make. */
export type Flaw = 'wall clock' | 'running sums' | 'no sieve' | 'order of arrival' | 'memory by count' | 'no renewal'

type Known = Map<string, number>
type Running = {
  n: number
  sum: number
  squares: number
  readonly inside: { readonly at: number; readonly x: number }[]
}
type Leg = {
  readonly ids: Known
  readonly window: PanesState<Moments, number>
  readonly running: Running
  inMinute: number
  /** Of the last quote in this minute. */
  bid: number | undefined
}
type WitnessState = { readonly legs: Map<string, Leg>; minute: number }
export type Witnessed = {
  readonly symbol: string
  readonly sd?: number | undefined
  readonly trades?: number
  readonly bid?: number | undefined
}

const WINDOW = MICROS_PER_MINUTE
const sliding = panes(MOMENTS, WINDOW)
/** Few enough that other trades drive an id out within ten minutes, at times. */
const FEW = 20

/**
 * A small processor with all that makes one hard to get right: trades known by id for 10 min, a deviation over a window, and the trades and the last
 * bid of each minute, written at its end for all symbols. Without a flaw it obeys every law; with one it must be caught.
 */
export function witness(flaw?: Flaw): Processor<readonly [ArrivalsState, WitnessState], OpenTick, Witnessed> {
  const isNew = ({ ids }: Leg, id: string, now: number): boolean => {
    if (flaw === 'memory by count') {
      const isKnown = ids.has(id)
      ids.delete(id)
      ids.set(id, now)
      const [oldest] = ids.keys()
      if (ids.size > FEW && oldest !== undefined) ids.delete(oldest)
      return !isKnown
    }
    for (const [old, at] of ids) if (at <= now - MEMORY) ids.delete(old)
    const isKnown = ids.has(id)
    if (isKnown && flaw === 'no renewal') return false
    ids.delete(id)
    ids.set(id, now)
    return !isKnown
  }

  const trades: Stage<WitnessState, Arrival, Emitted<Witnessed>> = {
    initial: () => ({ legs: new Map(), minute: 0 }),
    step(state, { tick, now: time }, { emit, count }) {
      const now = flaw === 'wall clock' ? micros(Date.now() * MICROS_PER_MILLI) : time
      const out = (value: Witnessed): void => emit({ topic: 'witnessed', key: value.symbol, time: now, value })
      const minute = Math.floor(time / MICROS_PER_MINUTE)
      if (minute > state.minute) {
        const legs =
          flaw === 'order of arrival' ? [...state.legs] : [...state.legs].toSorted(([a], [b]) => (a < b ? -1 : 1))
        for (const [symbol, leg] of legs) {
          if (leg.inMinute > 0 || leg.bid !== undefined) out({ symbol, trades: leg.inMinute, bid: leg.bid })
          leg.inMinute = 0
          leg.bid = undefined
        }
        state.minute = minute
      }
      const { payload } = tick
      if (payload.kind !== 'trade' && payload.kind !== 'quote') return count('ignored')
      const symbol = `${tick.exchange} ${tick.symbol}`
      const leg = state.legs.get(symbol) ?? freshLeg()
      state.legs.set(symbol, leg)
      if (payload.kind === 'quote') {
        leg.bid = payload.bid
        return count('processed')
      }
      if (!isNew(leg, payload.id, time)) return count('duplicate')
      count('processed')
      leg.inMinute += 1
      sliding.add(leg.window, time, payload.price)
      const sd = sdOf(sliding.value(leg.window, time))
      out({ symbol, sd: flaw === 'running sums' ? runningSd(leg.running, time, payload.price) : sd })
    },
  }
  return {
    name: flaw === undefined ? 'witness' : `witness with ${flaw}`,
    codeVersion: 1,
    input: 'ticks',
    outputs: ['witnessed'],
    // Sieve, ids, window or minute.
    horizon: SESSION_MEMORY + MEMORY + WINDOW,
    ...pipe(flaw === 'no sieve' ? unsieved : arrivals, trades),
  }
}

const freshLeg = (): Leg => ({
  ids: new Map(),
  window: sliding.initial(),
  running: { n: 0, sum: 0, squares: 0, inside: [] },
  inMinute: 0,
  bid: undefined,
})

/** Takes away what leaves and adds what comes: each rounding stays for ever. */
function runningSd(running: Running, now: number, x: number): number | undefined {
  const { inside } = running
  for (let oldest = inside[0]; oldest !== undefined && oldest.at <= now - WINDOW; oldest = inside[0]) {
    inside.shift()
    running.n -= 1
    running.sum -= oldest.x
    running.squares -= oldest.x * oldest.x
  }
  inside.push({ at: now, x })
  running.n += 1
  running.sum += x
  running.squares += x * x
  const { n, sum, squares } = running
  return n < 2 ? undefined : Math.sqrt(Math.max(0, (squares - (sum * sum) / n) / (n - 1)))
}

/** Believes that no producer writes anything twice. */
const unsieved: Stage<ArrivalsState, Logged<OpenTick>, Arrival> = {
  initial: () => arrivals.initial(),
  step(state, record, effects) {
    const { value, offset } = record
    arrivals.step(
      state,
      { ...record, value: { ...value, session: micros(value.session + 1), ordinal: offset } },
      effects,
    )
  },
}
