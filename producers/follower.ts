import { PipelineError } from '../core/errors.ts'
import type { Exchange } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Instrument } from './adapter.ts'
import { ADAPTERS } from './adapters.ts'
import { deal } from './deal.ts'
import { choose } from './instruments.ts'
import { runFeed, type RunningFeed } from './shell.ts'
import type { Fleet } from './sources.ts'

/** Where an exchange is, and how its list of instruments is got: for as long as it takes, `undefined` if we stop first. */
export type Reach = {
  readonly address: (url: string) => string
  /** By partition, where the log says its last trade was. */
  readonly lastTrades: readonly (Micros | undefined)[]
  readonly list: (
    url: string,
    parse: (body: unknown) => readonly Instrument[],
    failed: (message: string) => void,
  ) => Promise<readonly Instrument[] | undefined>
}

/** What is followed of one exchange, over as many sockets as its limits ask for. */
export type Follower = {
  /** Changes what is followed; resolves when it is. A later call overtakes an earlier one that still waits for the list. */
  want(symbols: readonly string[], conversions: ReadonlySet<string>): Promise<void>
  /** Its quotes are withdrawn, its sockets closed. */
  stop(): void
}

type Socket = { readonly feed: RunningFeed; instruments: readonly Instrument[] }

/**
 * Starts an exchange's sockets when its list of instruments has come. A symbol that is not on it is a fault that names it,
 * the others go on. Throws BAD_CONFIG if a symbol stands for two instruments at the first start; later that is a fault, too,
 * since the others run.
 */
export function follower(fleet: Fleet, exchange: Exchange, { address, lastTrades, list }: Reach): Follower {
  const { world, feeds, clocked, waiting } = fleet
  const adapter = ADAPTERS[exchange]
  let sockets: Socket[] = []
  let listed: readonly Instrument[] | undefined
  let started = false
  let stopped = false
  let turn = 0

  const fault = (symbol: string, message: string): void =>
    world.event(exchange, { event: 'FAULT', symbol, message, details: {} })

  /** Lists age: one that lacks a symbol is asked for again. */
  async function listWith(symbols: readonly string[]): Promise<readonly Instrument[] | undefined> {
    if (listed !== undefined && choose(symbols, listed).unknown.length === 0) return listed
    if (!started) waiting.set(exchange, 'has not given its list of instruments yet')
    return list(address(adapter.instruments.url), adapter.instruments.parse, (message) => {
      if (!started && !stopped) waiting.set(exchange, `does not give its list of instruments: ${message}`)
    })
  }

  function settle(instruments: readonly Instrument[], conversions: ReadonlySet<string>): void {
    const dealt = deal(
      sockets.map((one) => one.instruments),
      instruments,
      adapter,
    )
    const time = world.now()
    const before = sockets
    sockets = dealt.flatMap((own, index): readonly Socket[] => {
      const running = before[index]
      if (running === undefined) return [open(own, conversions)]
      running.instruments = own
      running.feed.input({ kind: 'follow', time, instruments: own, conversions })
      if (own.length > 0) return [running]
      end(running)
      return []
    })
  }

  function open(instruments: readonly Instrument[], conversions: ReadonlySet<string>): Socket {
    const settings = { ...fleet.shared, conversions, adapter, instruments, address, lastTrades, shift: 0 }
    // In the place of one that has ended: of a process that is often configured anew the list must not grow.
    const place = feeds.findIndex((one) => one.exchange === exchange && !clocked.has(one))
    const feed = runFeed(settings, world, feeds[place])
    if (place < 0) feeds.push(feed)
    else feeds[place] = feed
    clocked.add(feed)
    return { feed, instruments }
  }

  /** Its counts stay among the feeds', since counters do not fall. */
  function end({ feed }: Socket): void {
    feed.stop('is not followed any more')
    clocked.delete(feed)
  }

  return {
    async want(symbols, conversions) {
      turn++
      const mine = turn
      const found = await listWith(symbols)
      if (found === undefined || mine !== turn || stopped) return
      listed = found
      const { instruments, unknown, ambiguous } = choose(symbols, listed)
      const twice = `${exchange} lists more than one instrument as`
      if (ambiguous.length > 0 && !started) throw new PipelineError('BAD_CONFIG', `${twice} ${ambiguous.join(', ')}`)
      for (const symbol of unknown) fault(symbol, `${exchange} lists no instrument ${symbol}`)
      for (const symbol of ambiguous) fault(symbol, `${twice} ${symbol}`)
      started = true
      const clear = instruments.filter(({ symbol }) => !ambiguous.includes(symbol))
      if (clear.length === 0) waiting.set(exchange, 'lists none of the configured symbols')
      else waiting.delete(exchange)
      settle(clear, conversions)
    },
    stop() {
      stopped = true
      waiting.delete(exchange)
      settle([], new Set())
    },
  }
}
