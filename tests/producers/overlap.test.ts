import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { binance } from '../../producers/binance.ts'
import { aggTrade, bookTicker, harness, ticksOf } from './harness.ts'

/** Without numbering no SEQUENCE gap makes up for what a rotation loses. */
const unnumbered = { ...binance, numberedTrades: false }
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const
const CANONICAL = { BTCUSDT: 'BTC-USDT', ETHUSDT: 'ETH-USDT' } as const

const seconds = (max: number) => fc.integer({ min: 0, max: max * 1000 }).map((ms) => ms / 1000)
/** Two sockets of an exchange: each delivers in order, at most 1.5 s late, the next one from its subscription on. */
const world = fc.record({
  trades: fc.array(
    fc.record({
      at: fc.oneof(seconds(6), seconds(36)),
      symbol: fc.constantFrom(...SYMBOLS),
      lag: seconds(1.5),
      nextLag: seconds(1.5),
    }),
    { maxLength: 60, size: 'max' },
  ),
  opened: seconds(2),
  subscribed: seconds(3),
  /** Whether the exchange shows its top at subscribe. */
  tops: fc.boolean(),
  /** When the present socket, or the next one, dies; the present one perhaps in the first three seconds of the other. */
  dies: fc.option(seconds(36), { nil: undefined, freq: 2 }),
  isEarly: fc.boolean(),
  nextDies: fc.option(seconds(36), { nil: undefined, freq: 2 }),
})
type World = typeof world extends fc.Arbitrary<infer One> ? One : never

type Delivery = { readonly at: number; readonly by: 'present' | 'next'; readonly frame: unknown }

/** In order on each socket: none overtakes the one before. */
function inOrder(list: readonly Delivery[]): readonly Delivery[] {
  let last = 0
  return list.map((one) => {
    last = Math.max(last, one.at)
    return { ...one, at: last }
  })
}

function run({ trades, opened, subscribed, tops, nextDies, ...drawn }: World) {
  const feed = harness({ adapter: unnumbered, partitions: 2 })
  feed.open()
  for (const symbol of SYMBOLS) {
    feed.frame(aggTrade(1, 0, symbol))
    feed.frame(bookTicker(1, '1', '2', symbol))
  }
  feed.frame({ e: 'serverShutdown', E: 1 })
  feed.wait(0.1)
  const start = feed.now()
  const ids = new Map<string, number>(SYMBOLS.map((symbol) => [symbol, 1]))
  const made = trades
    .toSorted((a, b) => a.at - b.at)
    .map((one) => {
      const id = (ids.get(one.symbol) ?? 0) + 1
      ids.set(one.symbol, id)
      return { ...one, frame: aggTrade(id, one.at + 0.1, one.symbol) }
    })
  const from = opened + subscribed
  const dies = drawn.dies !== undefined && drawn.isEarly ? from + drawn.dies / 12 : drawn.dies
  const first = tops ? SYMBOLS.map((s): Delivery => ({ at: from, by: 'next', frame: bookTicker(2, '1', '2', s) })) : []
  const deliveries = [
    ...inOrder(made.map(({ at, lag, frame }): Delivery => ({ at: at + lag, by: 'present', frame }))),
    ...inOrder([
      ...first,
      ...made
        .filter(({ at }) => at >= from)
        .map(({ at, nextLag, frame }): Delivery => ({ at: at + nextLag, by: 'next', frame })),
    ]),
  ].toSorted((a, b) => a.at - b.at)
  const sockets = { present: feed.state.socket, next: feed.state.next?.socket ?? 0 }
  const give = (
    by: 'present' | 'next',
    input: { readonly kind: 'frame'; readonly text: string } | { readonly kind: 'pong' },
  ) => feed.give({ ...input, time: feed.now(), socket: sockets[by] })
  const kill = (by: 'present' | 'next') =>
    feed.give({ kind: 'closed', time: feed.now(), reason: 'closed', detail: '', random: 0.9999, socket: sockets[by] })
  const dead = { present: false, next: false }
  let isOpen = false
  let given = 0
  for (let tick = 0; tick <= 400; tick++) {
    const now = (feed.now() - start) / 1e6
    if (!isOpen && now >= opened) {
      isOpen = true
      feed.give({ kind: 'opened', time: feed.now(), session: feed.now(), socket: sockets.next })
    }
    if (!dead.present && dies !== undefined && now >= dies) {
      dead.present = true
      if (feed.state.socket === sockets.present) kill('present')
    }
    if (!dead.next && nextDies !== undefined && now >= Math.max(nextDies, opened)) {
      dead.next = true
      kill('next')
    }
    for (; given < deliveries.length; given++) {
      const delivery = deliveries[given]
      if (delivery === undefined || delivery.at >= now) break
      const { by, frame } = delivery
      if (!dead[by] && (by === 'present' || isOpen)) give(by, { kind: 'frame', text: JSON.stringify(frame) })
    }
    if (tick % 20 === 0) for (const by of ['present', 'next'] as const) if (!dead[by]) give(by, { kind: 'pong' })
    // A third socket is never opened here.
    feed.wait(0.1, 0.9999)
  }
  return { feed, last: (symbol: (typeof SYMBOLS)[number]) => ids.get(symbol) ?? 0 }
}

/** Of one symbol what stands in the log: ids of trades, gaps by their reason. */
const storyOf = ({ outputs }: ReturnType<typeof harness>, symbol: string): readonly (number | string)[] =>
  ticksOf(outputs).flatMap(({ tick }): readonly (number | string)[] => {
    if (tick.symbol !== symbol) return []
    if (tick.payload.kind === 'trade') return [Number(tick.payload.id)]
    return tick.payload.kind === 'gap' && tick.payload.reason !== 'WITHDRAWN' ? [tick.payload.reason] : []
  })

describe('two overlapping sessions:', { timeout: 60_000 }, () => {
  const property = (law: (one: ReturnType<typeof run>, world: World) => void): void =>
    fc.assert(
      fc.property(world, (one) => law(run(one), one)),
      { numRuns: 60 },
    )

  test('no trade is doubled, and a symbol’s ids ascend', () => {
    property(({ feed }) => {
      for (const symbol of SYMBOLS) {
        const ids = storyOf(feed, CANONICAL[symbol]).filter((one) => typeof one === 'number')
        expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
      }
    })
  })

  test('no trade is lost without a gap before the next one', () => {
    property(({ feed }) => {
      for (const symbol of SYMBOLS) {
        const story = storyOf(feed, CANONICAL[symbol])
        const lost = story.filter((one, index) => {
          const before = story[index - 1]
          return typeof one === 'number' && typeof before === 'number' && one !== before + 1
        })
        expect(lost).toEqual([])
      }
    })
  })

  test('while both live all trades are put out, and the only gap is the START, an empty one', () => {
    property(({ feed, last }, { tops, dies, nextDies }) => {
      // One that shows nothing is given up, since its subscription may not be in force.
      fc.pre(tops && dies === undefined && nextDies === undefined)
      for (const symbol of SYMBOLS) {
        const all = Array.from({ length: last(symbol) }, (_, index) => index + 1)
        expect(storyOf(feed, CANONICAL[symbol])).toEqual(['DISCONNECT', ...all])
      }
      const starts = ticksOf(feed.outputs).flatMap(({ tick }) =>
        tick.payload.kind === 'gap' && tick.payload.reason === 'START' ? [tick.payload] : [],
      )
      expect(starts).toHaveLength(4)
      expect(starts.slice(2).every(({ from, to }) => from === to)).toBe(true)
    })
  })

  test('each session begins with its START in every partition, and nothing of another comes after it', () => {
    property(({ feed }) => {
      const order: number[] = []
      const begun = new Set<string>()
      const ordinals = new Map<number, number>()
      for (const { tick, partitions } of ticksOf(feed.outputs)) {
        if (order.at(-1) !== tick.session) order.push(tick.session)
        expect(tick.ordinal).toBeGreaterThan(ordinals.get(tick.session) ?? -1)
        ordinals.set(tick.session, tick.ordinal)
        const isStart = tick.payload.kind === 'gap' && tick.payload.reason === 'START'
        for (const partition of partitions) {
          const place = `${tick.session} ${partition}`
          expect(begun.has(place) || isStart).toBe(true)
          begun.add(place)
        }
      }
      expect(order).toEqual([...new Set(order)])
    })
  })

  test('entries in are entries out, duplicates or held', () => {
    property(({ feed }) => {
      const { in: taken, ...outcomes } = feed.state.counts.entries
      expect(Object.values(outcomes).reduce((a, b) => a + b, 0)).toBe(taken)
    })
  })
})
