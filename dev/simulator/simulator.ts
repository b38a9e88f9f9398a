import type { SimulatedExchange } from './exchanges.ts'
import type { Micros } from '../../core/time.ts'
import { now as hostNow } from '../../io/clock.ts'
import { isEpisode } from './episode-script.ts'
import { playFault } from './faults.ts'
import type { Instrument } from './instruments.ts'
import type { Journal } from './journal.ts'
import { expire, lastingKey, nothingLasts, shifted } from './lasting.ts'
import { createLedger, LIMITS, type Limits } from './limits.ts'
import { beginEpisode, createMarket, marketTime, skipSteps, stepMarket, type MarketEvent } from './market.ts'
import { createOutbox, isListening, type FrameKind } from './outbox.ts'
import { STEP_MICROS } from './prices.ts'
import type { ScriptLine } from './script.ts'
import { serveExchanges } from './server.ts'

const STEP_MS = STEP_MICROS / 1000
/** After a longer standstill the market goes on from the present instead of making up for it. */
const MAX_CATCH_UP_STEPS = 1000 / STEP_MS

export type SimulatorOptions = {
  readonly instruments: readonly Instrument[]
  readonly framesPerSecond: number
  readonly seed: number
  readonly script: readonly ScriptLine[]
  readonly journal: Journal | undefined
  /** 0: any free one. */
  readonly port: number
  /** How many trades of a symbol REST still tells; absent: 20 000. */
  readonly restKeeps?: number
  /** Told of every frame sent. */
  readonly count?: (exchange: SimulatedExchange, kind: FrameKind) => void
  /** The exchanges' own if absent. */
  readonly limits?: Limits
  /** A clock moved by hand: nothing happens but by {@link Simulator.turn}. */
  readonly clock?: () => Micros
}

export type Simulator = {
  readonly port: number
  /** Lets happen what is due by the clock. */
  turn(): void
  stop(): Promise<void>
}

/** Runs the market on the wall clock and sends what happens to whoever subscribed. Does not close the journal. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { framesPerSecond, seed, journal, count = () => undefined, limits = LIMITS, clock: now = hostNow } = options
  const market = createMarket(options.instruments, seed, now(), {
    hasFate: !options.script.some((line) => line.do === 'calm'),
  })
  const outbox = createOutbox(journal, count, now)
  outbox.note('started', { seed, framesPerSecond })
  const lasting = nothingLasts()
  const ledger = createLedger(limits)
  const { port, restKeeps: keeps } = options
  const server = await serveExchanges({ books: market.books, outbox, port, ledger, lasting, now, keeps })
  const waiting = [...options.script]

  function deliver(event: MarketEvent): void {
    if (event.kind === 'gap' || event.kind === 'episode') return outbox.note(event.kind, event)
    const { exchange, symbol } = event.book.instrument
    for (const connection of server.connections) {
      if (connection.dialect.exchange !== exchange) continue
      const { trades, quotes } = connection.subscription
      if (!(event.kind === 'trades' ? trades : quotes).has(symbol)) continue
      const isMuted = lasting.muted.size > 0 && lasting.muted.has(lastingKey(exchange, symbol))
      if (isMuted || !isListening(connection)) {
        // What a half-open connection or a mute subscription swallows is in the journal, but was never a frame.
        if (event.kind === 'trades' && (isMuted || connection.stalledUntilMs > 0)) outbox.swallow(connection, event)
        continue
      }
      const told = connection.ahead === 0 ? event : shifted(event, connection.ahead)
      if (told.kind === 'trades') outbox.trades(connection, told)
      else outbox.quote(connection, told)
    }
    return undefined
  }

  function playScript(): void {
    const first = server.firstClientAtMs()
    if (first === undefined) return
    const nowMs = now() / 1000
    const passed = nowMs - first
    expire(lasting, server.connections, nowMs)
    for (let i = 0; i < waiting.length; i += 1) {
      const line = waiting[i]
      if (line === undefined || line.atMs > passed) return
      // One that cannot happen yet (nobody is connected, nothing was sent) waits.
      if (play(line, nowMs)) waiting.splice(i--, 1)
    }
  }

  function play(line: ScriptLine, nowMs: number): boolean {
    if (line.do === 'calm') return true
    return isEpisode(line)
      ? beginEpisode(market, line, deliver)
      : playFault(line, { market, connections: server.connections, outbox, lasting, ledger, nowMs })
  }

  let stopped = false
  let timer: NodeJS.Timeout | undefined
  function turn(): void {
    if (stopped) return
    happen()
    if (options.clock !== undefined) return
    const nextMs = (marketTime(market) + STEP_MICROS - now()) / 1000
    timer = setTimeout(turn, Math.max(1, nextMs))
  }

  function happen(): void {
    const due = Math.floor((now() - marketTime(market)) / STEP_MICROS)
    if (due > MAX_CATCH_UP_STEPS) skipSteps(market, due - MAX_CATCH_UP_STEPS)
    // One system call per socket and turn instead of one per frame.
    const corked = [...server.connections]
    for (const { raw } of corked) raw.cork()
    for (let i = Math.min(due, MAX_CATCH_UP_STEPS); i > 0; i -= 1) stepMarket(market, framesPerSecond, deliver)
    playScript()
    server.beatIfDue()
    for (const { raw } of corked) raw.uncork()
  }

  if (options.clock === undefined) timer = setTimeout(turn, STEP_MS)

  return {
    port: server.port,
    turn,
    async stop() {
      if (stopped) return
      stopped = true
      clearTimeout(timer)
      await server.stop()
      outbox.note('stopped', {})
    },
  }
}
