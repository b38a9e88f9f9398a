import { partitionOf } from '../../partition.ts'
import { parseSymbol } from '../../symbol.ts'
import { breadthOf, USUAL_BREADTH, type Breadth } from './breadth.ts'
import { streamsOf, type Rule } from '../document.ts'
import type { Guard } from '../program.ts'
import type { World } from './world.ts'

/** An exchange and symbol that a rule may see, as the fields tell it. */
type Seen = Readonly<Record<'exchange' | 'symbol' | 'base' | 'quoteAsset' | 'pair', string>>

const isKnown = (name: string): name is keyof Seen =>
  name === 'exchange' || name === 'symbol' || name === 'base' || name === 'quoteAsset' || name === 'pair'

/** Of all exchanges, with candles. */
const ACROSS = '*'

/** All that is configured and passes the texts that `where` asks for. */
function seenBy(rule: Rule, guards: readonly Guard[], { exchanges, pairs }: World): readonly Seen[] {
  if (rule.scope === 'pair')
    return pairs.map((pair) => ({ exchange: ACROSS, symbol: '', base: '', quoteAsset: '', pair }))
  const across = streamsOf(rule).includes('candle') ? [[ACROSS, [...exchanges.values()].flat()] as const] : []
  const all = [...exchanges, ...across].flatMap(([exchange, symbols]) =>
    [...new Set(symbols)].flatMap((symbol) => {
      const parts = parseSymbol(symbol)
      return parts === undefined ? [] : [{ exchange, symbol, base: parts.base, quoteAsset: parts.quote, pair: '' }]
    }),
  )
  return all.filter((seen) =>
    guards.every((guard) => guard.kind !== 'in' || !isKnown(guard.field) || guard.values.includes(seen[guard.field])),
  )
}

/** Nothing is configured: assumed of one partition. */
const USUAL_KEYS = { exchange: 8, symbol: 32, base: 8, quoteAsset: 4, pair: 16 }

/** How many values a field may have that is neither exchange nor symbol; ids live as long as a key without records does. */
const VARIETY: ReadonlyMap<string, number> = new Map([
  ['side', 2],
  ['interval', 2],
  ['phase', 3],
  ['severity', 3],
  ['kind', 3],
  ['source', 4],
  ['reason', 16],
  ['type', 64],
  ['ruleId', 64],
])
const EXCHANGE_FIELDS: ReadonlySet<string> = new Set(['buyExchange', 'sellExchange', 'bidExchange', 'askExchange'])
/** New ones each second, of each exchange and symbol. */
const IDS: ReadonlyMap<string, number> = new Map([
  ['id', 50],
  ['opportunityId', 1],
])

function varietyOf(name: string, { exchanges }: World, horizonMicros: number): number {
  if (isKnown(name)) return 1
  if (EXCHANGE_FIELDS.has(name)) return Math.max(1, exchanges.size)
  const perSecond = IDS.get(name)
  return perSecond === undefined ? (VARIETY.get(name) ?? 16) : (perSecond * horizonMicros) / 1_000_000
}

/** Keys of the fullest partition. */
export function keysOf(rule: Rule, guards: readonly Guard[], world: World, horizonMicros: number): number {
  const { by } = rule
  const others = by.reduce((product, name) => product * varietyOf(name, world, horizonMicros), 1)
  if (world.exchanges.size === 0 || (rule.scope === 'pair' && world.pairs.length === 0))
    return others * by.reduce((product, name) => product * (isKnown(name) ? USUAL_KEYS[name] : 1), 1)
  const partitions = new Map<number, Set<string>>()
  for (const seen of seenBy(rule, guards, world)) {
    const partition = partitionOf(partitionKey(rule, seen), world.partitions)
    const keys = partitions.get(partition) ?? new Set()
    partitions.set(partition, keys.add(keyOf(by, seen)))
  }
  return others * Math.max(0, ...[...partitions.values()].map(({ size }) => size))
}

const partitionKey = ({ scope }: Rule, { base, exchange, pair }: Seen): string =>
  scope === 'exchange' ? exchange : scope === 'pair' ? pair : base

const keyOf = (by: readonly string[], seen: Seen): string =>
  by.flatMap((name) => (isKnown(name) ? [seen[name]] : [])).join(' ')

/** What of the configured exchanges and symbols comes together in one key, of the widest. */
export function breadthIn(rule: Rule, guards: readonly Guard[], world: World): Breadth {
  if (world.exchanges.size === 0) return USUAL_BREADTH
  const widths = new Map<string, { readonly exchanges: Set<string>; readonly symbols: Set<string> }>()
  for (const seen of seenBy(rule, guards, world)) {
    const width = widths.get(keyOf(rule.by, seen)) ?? { exchanges: new Set(), symbols: new Set() }
    width.exchanges.add(seen.exchange)
    width.symbols.add(seen.symbol)
    widths.set(keyOf(rule.by, seen), width)
  }
  const all = [...widths.values()]
  return breadthOf({
    exchanges: Math.max(1, ...all.map(({ exchanges }) => exchanges.size)),
    symbols: Math.max(1, ...all.map(({ symbols }) => symbols.size)),
  })
}
