import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../dev/simulator/limits.ts'
import { brokenLaws, observe, type Journaled, type Observation, type Observed } from './observe.ts'

/** What a feed makes of it: how its sockets ended, for how long it waited then, gaps, dead letters, faults, and which counters left zero. */
type Shown = {
  readonly closes?: readonly string[]
  readonly waits?: readonly number[]
  readonly gaps?: readonly string[]
  readonly letters?: readonly string[]
  readonly faults?: readonly string[]
  readonly counted?: readonly string[]
}
type Row = Observation & { readonly does: string; readonly shows: Shown }

/** A socket that ended and the next one: every symbol's records since its last trade may be missing. */
const DOLLARS = ['DISCONNECT BTC-USD', 'DISCONNECT ETH-USD']
const TETHERS = ['DISCONNECT BTC-USDT', 'DISCONNECT ETH-USDT']

/** Codes, and for how long the feed leaves the exchange alone: one that objects for longer than one that restarts. */
const CLOSES = [
  [1000, []],
  [1001, []],
  [1008, [30]],
  [1011, []],
  [1012, [5]],
  [1013, [5]],
] as const

/** The exchange does wrong what `script` says, 300 ms after the feed connected, and the feed shows exactly this. */
const TABLE: readonly Row[] = [
  // The socket ends.
  ...CLOSES.map(([code, waits]): Row => ({
    does: `closes with ${code}`,
    exchange: 'kraken',
    script: [{ do: 'disconnect', code }],
    shows: { closes: [`closed: closed with code ${code}`], waits, gaps: DOLLARS },
  })),
  {
    does: 'closes with 4004, as OKX does',
    exchange: 'okx',
    script: [{ do: 'disconnect', code: 4004 }],
    shows: { closes: ['closed: closed with code 4004'], gaps: TETHERS },
  },
  {
    does: 'ends without a closing frame',
    exchange: 'binance',
    script: [{ do: 'disconnect', code: 1006 }],
    shows: { closes: ['closed: closed with code 1006'], gaps: TETHERS },
  },
  {
    does: 'stays open and says nothing',
    exchange: 'kraken',
    adapter: { silenceMs: 600 },
    script: [{ do: 'stall', forMs: 1500 }],
    shows: { closes: [expect.stringMatching(/^silent: no frame for /)], gaps: DOLLARS },
  },

  // A frame that is none.
  {
    does: 'cuts a frame in half',
    exchange: 'gate',
    script: [{ do: 'malformed', symbol: 'BTC-USDT', count: 2 }],
    shows: { letters: ['frame: no JSON'], counted: ['frames.fault'] },
  },
  {
    does: 'cuts a character in half',
    exchange: 'kraken',
    script: [{ do: 'bad-utf8' }],
    shows: { closes: ['error: Invalid WebSocket frame: invalid UTF-8 sequence'], gaps: DOLLARS },
  },
  {
    does: 'sends 5 MiB in one frame',
    exchange: 'okx',
    script: [{ do: 'oversized' }],
    shows: { closes: ['oversized: Max payload size exceeded'], gaps: TETHERS, counted: ['frames.oversized'] },
  },

  // Trades that are not what should come next.
  {
    does: 'sends a trade twice',
    exchange: 'binance',
    script: [{ do: 'duplicate', symbol: 'BTC-USDT' }],
    shows: { counted: ['entries.duplicate'] },
  },
  {
    does: 'swaps two trades: both are taken, either breaks the numbering',
    exchange: 'binance',
    script: [{ do: 'out-of-order', symbol: 'BTC-USDT' }],
    shows: { gaps: ['SEQUENCE BTC-USDT'] },
  },
  ...(['binance', 'kraken'] as const).map((exchange): Row => ({
    does: 'leaves three trades out',
    exchange,
    script: [{ do: 'sequence-gap', symbol: exchange === 'kraken' ? 'BTC-USD' : 'BTC-USDT', count: 3 }],
    shows: { gaps: [exchange === 'kraken' ? 'SEQUENCE BTC-USD' : 'SEQUENCE BTC-USDT'] },
  })),
  {
    does: 'leaves three numbered frames out: nobody knows whose, so every symbol has a gap',
    exchange: 'coinbase',
    script: [{ do: 'sequence-gap', symbol: 'BTC-USD', count: 3 }],
    shows: { gaps: ['SEQUENCE BTC-USD', 'SEQUENCE ETH-USD'] },
  },
  {
    does: 'says nothing of one symbol for a while',
    exchange: 'kraken',
    script: [{ do: 'mute', symbol: 'BTC-USD', forMs: 500 }],
    shows: { gaps: ['SEQUENCE BTC-USD'] },
  },
  {
    does: 'sends a trade of 5 minutes ago: taken, and counted',
    exchange: 'okx',
    script: [{ do: 'late', symbol: 'BTC-USDT' }],
    shows: { counted: ['findings.skewed'] },
  },
  {
    does: 'sends a trade of 11 minutes ago: a dead letter, and a gap at the next one',
    exchange: 'binance',
    script: [{ do: 'late', symbol: 'BTC-USDT', byMs: 660_000 }],
    shows: {
      letters: ['eventTime: more than 10 minutes off'],
      gaps: ['SEQUENCE BTC-USDT'],
      counted: ['entries.fault'],
    },
  },
  {
    does: 'has a clock that is 8 s behind',
    exchange: 'gate',
    script: [{ do: 'clock', byMs: -8000, forMs: 300 }],
    shows: { counted: ['findings.skewed'] },
  },

  {
    does: 'has a clock that is 11 minutes ahead: dead letters, then gaps',
    exchange: 'kraken',
    script: [{ do: 'clock', byMs: 660_000, forMs: 200 }],
    shows: {
      letters: ['eventTime: more than 10 minutes off'],
      gaps: ['SEQUENCE BTC-USD', 'SEQUENCE ETH-USD'],
      counted: ['entries.fault'],
    },
  },

  // What it refuses.
  {
    does: 'refuses a symbol at the next connection: the other one goes on',
    exchange: 'gate',
    script: [
      { do: 'refuse', symbol: 'ETH-USDT', forMs: 1500 },
      { do: 'disconnect', code: 1001 },
    ],
    shows: {
      closes: ['closed: closed with code 1001'],
      gaps: ['DISCONNECT BTC-USDT'],
      letters: ['request refused'],
      faults: ['request refused: ETH_USDT: 2 unknown currency pair ETH_USDT'],
      counted: ['frames.fault', 'subscriptionFaults'],
    },
  },
  ...([429, 418] as const).map((status): Row => ({
    does: `answers handshakes with ${status} and a Retry-After: there is one attempt, not a storm of them`,
    exchange: 'binance',
    script: [
      { do: 'handshake', status, retryAfterS: 3, forMs: 2500 },
      { do: 'disconnect', code: 1001 },
    ],
    shows: {
      closes: ['closed: closed with code 1001', `refused: cannot connect: handshake answered with status ${status}`],
      waits: [3],
      gaps: TETHERS,
    },
  })),
  {
    does: 'answers handshakes with 503 until it is back',
    exchange: 'coinbase',
    script: [
      { do: 'handshake', status: 503, retryAfterS: 3, forMs: 2500 },
      { do: 'disconnect', code: 1001 },
    ],
    shows: {
      closes: ['closed: closed with code 1001', 'refused: cannot connect: handshake answered with status 503'],
      waits: [3],
      gaps: DOLLARS,
    },
  },
  {
    does: 'cuts off and bans for 40 s',
    exchange: 'binance',
    script: [{ do: 'ban', forMs: 40_000 }],
    shows: {
      closes: ['closed: closed with code 1008', 'refused: cannot connect: handshake answered with status 418'],
      waits: [30, expect.closeTo(10, -1)],
      gaps: TETHERS,
    },
  },
  {
    does: 'allows one connection a minute',
    exchange: 'binance',
    limits: {
      ...LIMITS,
      binance: { ...LIMITS.binance, connects: { count: 1, perMs: 60_000, patience: 10, banMs: 60_000 } },
    },
    script: [{ do: 'disconnect', code: 1001 }],
    shows: {
      closes: ['closed: closed with code 1001', 'refused: cannot connect: handshake answered with status 429'],
      waits: [expect.closeTo(60, -1)],
      gaps: TETHERS,
    },
  },
]

describe.concurrent.each(TABLE)('$exchange $does', ({ shows, ...observation }) => {
  test('and the feed says so; nothing is lost silently', { timeout: 40_000 }, async (context) => {
    const observed = await observe(context, observation)
    expect(shownBy(observed)).toEqual({
      closes: [],
      waits: [],
      gaps: [],
      letters: [],
      faults: [],
      counted: [],
      ...shows,
    })
    expect(brokenLaws(observed)).toEqual([])
  })
})

describe.concurrent('beyond the table', () => {
  const timeout = 40_000

  test.for(['binance', 'okx'] as const)(
    'an announced end of %s finds the next socket open before it, and nothing lost silently',
    { timeout },
    async (exchange, context) => {
      const observed = await observe(context, { exchange, script: [{ do: 'shutdown', closeAfterMs: 2000 }] })
      const connected = observed.events.filter(({ event }) => event === 'CONNECTED')
      expect(connected).toHaveLength(2)
      const isClosedByIt = ({ kind, code }: Journaled): boolean => kind === 'closed' && code === 1001
      const [opened, closed] = [
        observed.journal.findLastIndex(({ kind }) => kind === 'opened'),
        observed.journal.findIndex(isClosedByIt),
      ]
      expect(closed === -1 || opened < closed).toBe(true)
      expect(brokenLaws(observed)).toEqual([])
    },
  )

  test.for(['okx', 'gate'] as const)(
    '%s numbers no trades: what it leaves out no client can see, and the law finds it',
    { timeout },
    async (exchange, context) => {
      const script = [{ do: 'sequence-gap', symbol: 'BTC-USDT', count: 3 }]
      const observed = await observe(context, { exchange, script })
      const ids = observed.journal.flatMap(({ sent, id }) => (sent === false ? [id] : []))
      expect(ids).toHaveLength(3)
      expect(brokenLaws(observed)).toEqual(ids.map((id) => `trade BTC-USDT ${id} (never sent) is lost silently`))
    },
  )
})

function shownBy(observed: Observed): Required<Shown> {
  const { events, letters, counts } = observed
  const counters = {
    'entries.duplicate': counts.entries.duplicate - retold(observed),
    'entries.fault': counts.entries.fault,
    'entries.overflow': counts.entries.overflow,
    'findings.skewed': counts.findings.skewed,
    'frames.fault': counts.frames.fault,
    'frames.oversized': counts.frames.oversized,
    subscriptionFaults: counts.subscriptionFaults,
  }
  return {
    closes: events.flatMap(({ event, message, details }) =>
      event === 'DISCONNECTED' ? [`${details['reason']}: ${message}`] : [],
    ),
    waits: observed.waits,
    gaps: gapsOf(observed),
    letters: [...new Set(letters.map(({ error }) => error))],
    faults: [...new Set(events.flatMap(({ event, message }) => (event === 'FAULT' ? [message] : [])))],
    counted: Object.entries(counters).flatMap(([name, count]) => (count > 0 ? [name] : [])),
  }
}

/**
 * Each once, without those that every first session has. Where a socket ended, whether the numbering breaks as well depends
 * on whether there were trades meanwhile.
 */
function gapsOf({ ticks }: Observed): readonly string[] {
  const first = ticks[0]?.session
  const gaps = ticks.flatMap(({ symbol, session, payload }) =>
    payload.kind === 'gap' && payload.reason !== 'START' && !(payload.reason === 'DISCONNECT' && session === first)
      ? [{ symbol, reason: payload.reason }]
      : [],
  )
  const ended = new Set(gaps.flatMap(({ symbol, reason }) => (reason === 'DISCONNECT' ? [symbol] : [])))
  const named = gaps
    .filter(({ symbol, reason }) => reason !== 'SEQUENCE' || !ended.has(symbol))
    .map(({ symbol, reason }) => `${reason} ${symbol}`)
  return [...new Set(named)].toSorted()
}

/** OKX begins each subscription with the newest trade, which the feed may have. */
function retold({ journal }: Observed): number {
  const told = new Set<string>()
  let again = 0
  for (const { kind, symbol, id, sent } of journal) {
    if (id === undefined || sent === false) continue
    if (kind === 'history' && told.has(`${symbol} ${id}`)) again += 1
    told.add(`${symbol} ${id}`)
  }
  return again
}
