import fc from 'fast-check'
import { GAP_REASONS } from '../../core/tick.ts'
import { EXCHANGES, SYMBOLS, type Happening, type Story } from './generated-log.ts'
import { seeded, type Random } from './seeded.ts'

const exchange = fc.nat(EXCHANGES.length - 1)
const symbol = fc.nat(SYMBOLS.length - 1)
const bps = fc.integer({ min: -30, max: 30 })
/** Thousandths of the base unit. */
const size = fc.nat(5000)
const soldSize = fc.integer({ min: 1, max: 5000 })
const back = fc.nat(6)
const plain = { noNullPrototype: true }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  quotes(6),
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('trade'), exchange, symbol, bps, size: soldSize }, plain) },
  waits(4, { min: 1, max: 3000 }, 1000),
  waits(2, { min: 3000, max: 90_000 }, 5000),
  waits(8, { min: 90_000, max: 900_000 }, 120_000),
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('move'), symbol, bps: fc.integer({ min: -90, max: 90 }) }, plain),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('echo'), exchange, back }, plain) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again'), back: fc.nat(30), count: fc.nat(20) }, plain) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('held'), exchange, symbol, millis: fc.nat(700_000) }, plain),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      { kind: fc.constant('gap'), exchange, symbol, reason: fc.constantFrom(...GAP_REASONS) },
      plain,
    ),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reconnect'), exchange, isSaid: fc.boolean() }, plain) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('second'), exchange }, plain) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('backfill'), exchange, count: back }, plain) },
  {
    weight: 1,
    arbitrary: fc.record(
      { kind: fc.constant('skew'), exchange, millis: fc.integer({ min: -2000, max: 2000 }), isHost: fc.boolean() },
      plain,
    ),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rate'), bps: fc.integer({ min: -20, max: 20 }) }, plain) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('configure') }, plain) },
)

function quotes(weight: number): fc.WeightedArbitrary<Happening> {
  return { weight, arbitrary: fc.record({ kind: fc.constant('quote'), exchange, symbol, bps, size }, plain) }
}

function waits(weight: number, span: fc.IntegerConstraints, beatMillis: number): fc.WeightedArbitrary<Happening> {
  const arbitrary = fc.record(
    { kind: fc.constant('wait'), millis: fc.integer(span), beatMillis: fc.constant(beatMillis) },
    plain,
  )
  return { weight, arbitrary }
}

/** What may befall a partition, some minutes to some hours of it; a failing story shrinks to the happenings that matter. */
export const arbitraryStory = (most = 60): fc.Arbitrary<Story> =>
  fc.record({ seed: fc.nat(1000), happenings: fc.array(happening, { maxLength: most, size: 'max' }) }, plain)

const HOUR = 3_600_000

/** How much of a long story is told in full. */
export type Density = {
  readonly hours: number
  /** Between two stretches of trading, and between heartbeats meanwhile. */
  readonly quietMillis: number
  readonly beatMillis: number
  /** Happenings in one stretch of trading. */
  readonly busy: number
}

/** Three days that a test can afford several times over: some 18,000 records. */
export const THREE_DAYS: Density = { hours: 72, quietMillis: 75 * 60_000, beatMillis: 300_000, busy: 60 }

/** A story of that many hours: long quiet stretches between short ones in which everything happens. Equal seeds tell equal ones. */
export function seededStory(seed: number, density: Density = THREE_DAYS): Story {
  const random = seeded(seed)
  const happenings: Happening[] = []
  let millis = 0
  const wait = (span: number, beatMillis: number): void => {
    millis += span
    happenings.push({ kind: 'wait', millis: span, beatMillis })
  }
  while (millis < density.hours * HOUR) {
    for (let i = 0; i < density.busy; i++) {
      const next = somehow(random)
      if (next.kind === 'wait') millis += next.millis
      happenings.push(next)
    }
    // The same trade again and again, each time within ten minutes of the last: only renewed memory knows it throughout.
    if (random(3) === 0) {
      const known: Happening = { kind: 'echo', exchange: random(EXCHANGES.length), back: 0 }
      for (let i = 0; i < 7; i++) {
        happenings.push(known)
        wait((4 + random(5)) * 60_000, density.beatMillis)
      }
    }
    wait(density.quietMillis / 2 + random(density.quietMillis), density.beatMillis)
  }
  return { seed, happenings }
}

/** What happens while there is trading, by its share in a hundred. */
function somehow(random: Random): Happening {
  const who = { exchange: random(EXCHANGES.length), symbol: random(SYMBOLS.length) }
  const priced = { ...who, bps: random(50) === 0 ? 900 : random(41) - 20, size: 1 + random(4000) }
  const share = random(100)
  if (share < 34) return { kind: 'quote', ...priced, size: random(20) === 0 ? 0 : priced.size }
  if (share < 60) return { kind: 'trade', ...priced }
  if (share < 74) return { kind: 'wait', millis: 1 + random(1500), beatMillis: 1000 }
  if (share < 78) return { kind: 'wait', millis: 1000 + random(20_000), beatMillis: 1000 }
  if (share < 80) return { kind: 'wait', millis: 60_000 + random(400_000), beatMillis: 60_000 }
  if (share < 83) return { kind: 'move', symbol: who.symbol, bps: random(61) - 30 }
  if (share < 86) return { kind: 'echo', exchange: who.exchange, back: random(4) }
  if (share < 89) return { kind: 'again', back: random(60), count: random(30) }
  if (share < 91) return { kind: 'held', ...who, millis: random(700_000) }
  if (share < 93) return { kind: 'gap', ...who, reason: GAP_REASONS[random(GAP_REASONS.length)] ?? 'START' }
  if (share < 95) return { kind: 'reconnect', exchange: who.exchange, isSaid: random(2) === 0 }
  if (share < 96) return { kind: 'second', exchange: who.exchange }
  if (share < 97) return { kind: 'backfill', exchange: who.exchange, count: random(6) }
  if (share < 98) return { kind: 'skew', exchange: who.exchange, millis: random(4001) - 2000, isHost: random(2) === 0 }
  if (share < 99) return { kind: 'rate', bps: random(41) - 20 }
  return { kind: 'configure' }
}
