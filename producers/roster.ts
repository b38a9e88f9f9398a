import type { Exchange } from '../core/tick.ts'
import type { Follower } from './follower.ts'

/** What a process is to follow: symbols by exchange. */
export type Wanted = {
  readonly exchanges: ReadonlyMap<Exchange, readonly string[]>
  readonly conversions: ReadonlySet<string>
}

/** The exchanges that a process follows, each by itself: one that comes, goes or changes leaves the others alone. */
export type Roster = { want(wanted: Wanted): void }

/** `start` opens an exchange's follower, which may take a while; `failed` hears what cannot go on. */
export function openRoster(start: (exchange: Exchange) => Promise<Follower>, failed: (error: unknown) => void): Roster {
  const running = new Map<Exchange, { readonly follower: Promise<Follower>; said: string }>()

  function follow(exchange: Exchange, symbols: readonly string[], conversions: ReadonlySet<string>): void {
    const own = symbols.filter((symbol) => conversions.has(symbol))
    const said = [...symbols, '', ...own].join()
    const known = running.get(exchange)
    if (known?.said === said) return
    const entry = known ?? { follower: start(exchange), said }
    entry.said = said
    running.set(exchange, entry)
    entry.follower
      .then((follower) => (running.get(exchange) === entry ? follower.want(symbols, conversions) : undefined))
      .catch(failed)
  }

  return {
    want({ exchanges, conversions }) {
      for (const [exchange, { follower }] of running) {
        if (exchanges.has(exchange)) continue
        running.delete(exchange)
        follower.then((one) => one.stop()).catch(failed)
      }
      for (const [exchange, symbols] of exchanges) follow(exchange, symbols, conversions)
    },
  }
}
